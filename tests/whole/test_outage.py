"""The database is out for a while: it is said everywhere, and nothing measured meanwhile is lost."""

from __future__ import annotations

import html
import json
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.postgres import postgres_server
from tests.servers.simulator import RunningSimulator

TARGETS = 6
_PAGE = 4096
# Long enough for an outage to begin while all are under way.
SLOW = "sim?ttft_ms=1500&gap_ms=1&tokens=10"

Happening = Callable[[RunningDaemon], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outage:
    """A database, what the daemon says while it is out, and how to take it away from a daemon for a while."""

    url: str
    says: str
    of: Happening


@contextmanager
def _locked(folder: Path) -> Iterator[Outage]:
    """Another program writes, for longer than anybody waits."""
    path = folder / "locked.db"

    @contextmanager
    def holding_the_lock(_: RunningDaemon) -> Iterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    yield Outage(f"sqlite:///{path}", "is locked by another program", holding_the_lock)


@contextmanager
def _full(folder: Path) -> Iterator[Outage]:
    """Not a byte more: a small file system where one may be mounted, a limit of the kernel's elsewhere."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "probe-test", str(disk)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0

    @contextmanager
    def filled(_: RunningDaemon) -> Iterator[None]:
        ballast = disk / "ballast"
        _fill_up(ballast)
        yield
        ballast.unlink()

    @contextmanager
    def limited(daemon: RunningDaemon) -> Iterator[None]:
        pid = daemon.process.pid
        size = (disk / "full.db-wal").stat().st_size
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        yield
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    try:
        yield Outage(f"sqlite:///{disk}/full.db", "disk", filled if mounted else limited)
    finally:
        if mounted:
            subprocess.run(["umount", str(disk)], check=True)


def _fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


@contextmanager
def _gone(folder: Path) -> Iterator[Outage]:
    """The server ends as in a crash, and is started again."""
    with postgres_server() as server:

        @contextmanager
        def stopped(_: RunningDaemon) -> Iterator[None]:
            server.stop()
            yield
            server.start()

        yield Outage(server.url("postgres"), "cannot be reached", stopped)


@contextmanager
def _moved(folder: Path) -> Iterator[Outage]:
    """Somebody takes the file away, and puts it back: the daemon has it open all the time."""
    path = folder / "moved.db"

    @contextmanager
    def elsewhere(_: RunningDaemon) -> Iterator[None]:
        aside = path.rename(folder / "aside.db")
        yield
        aside.rename(path)

    yield Outage(f"sqlite:///{path}", "was deleted or moved", elsewhere)


@contextmanager
def _damaged(folder: Path) -> Iterator[Outage]:
    """Every page but the first is overwritten, until what was there is put back."""
    path = folder / "damaged.db"

    @contextmanager
    def overwritten(_: RunningDaemon) -> Iterator[None]:
        with closing(sqlite3.connect(path)) as other:  # what is in the WAL alone would not be put back
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.read_bytes()
        with path.open("r+b", buffering=0) as file:
            file.seek(_PAGE)
            file.write(b"\xff" * (len(before) - _PAGE))
            yield
            file.seek(0)
            file.write(before)

    yield Outage(f"sqlite:///{path}", "is damaged", overwritten)


OUTAGES = {"locked": _locked, "full": _full, "gone": _gone, "moved": _moved, "damaged": _damaged}


@pytest.fixture(params=OUTAGES)
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outage]:
    with OUTAGES[request.param](tmp_path) as found:
        yield found


def _start(start_daemon: StartDaemon, simulator: RunningSimulator, url: str) -> RunningDaemon:
    return start_daemon(
        {
            "database": {"url": url},
            "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
            "targets": [{"provider": "sim", "name": f"t{i}", "model": SLOW} for i in range(TARGETS)],
        }
    )


def test_an_outage_costs_nothing_but_time(
    outage: Outage, start_daemon: StartDaemon, simulator: RunningSimulator
) -> None:
    daemon = _start(start_daemon, simulator, outage.url)
    run_id = daemon.trigger("mystery-shopper")
    daemon.until(lambda: daemon.metrics()["inference_probe_attempts_in_flight"] == TARGETS)

    with outage.of(daemon):
        daemon.until(lambda: _waiting(daemon) == TARGETS)
        daemon.until(lambda: not _up(daemon))
        reason = _reason(daemon)
        assert outage.says in reason
        assert reason in html.unescape(daemon.client.get("/").text)
        assert reason in [line.get("error") for line in _errors(daemon)]
        assert daemon.client.get("/healthz").status_code == 200

    daemon.until(lambda: _up(daemon))
    run = daemon.finished(run_id)
    results = daemon.results(run_id=run_id)
    assert (run["status"], run["successes"], run["attempts"]) == ("finished", TARGETS, TARGETS)
    assert {result["target"]["name"] for result in results} == {f"t{i}" for i in range(TARGETS)}
    assert len({result["id"] for result in results}) == TARGETS
    for result in results:
        assert simulator.truth(result["id"])["tokens"] == result["usage"]["output_tokens"]
    _is_over(daemon)


def _is_over(daemon: RunningDaemon) -> None:
    assert daemon.get("/readyz") == {"ready": True, "troubles": []}
    daemon.until(lambda: _counted(daemon) == TARGETS)
    metrics = daemon.metrics()
    assert metrics["inference_probe_store_pending_samples"] == 0
    assert metrics["inference_probe_store_last_sequence"] == TARGETS
    assert metrics["inference_probe_store_dropped_samples_total"] == 0
    assert metrics["inference_probe_store_write_errors_total"] >= 1
    assert "Traceback" not in daemon.log
    assert daemon.stop() == 0


def test_an_outage_in_which_nothing_was_measured_is_noticed(
    outage: Outage, start_daemon: StartDaemon, simulator: RunningSimulator
) -> None:
    """A run that cannot begin leaves no sample that would wait; the store is out all the same."""
    daemon = _start(start_daemon, simulator, outage.url)
    order = {"suite": "mystery-shopper", "targets": ["t0"]}

    with outage.of(daemon):
        refused = daemon.post("/api/v1/runs", order)
        assert refused.status_code == 503
        assert outage.says in _reason(daemon)
        assert not _up(daemon)

    daemon.until(lambda: daemon.client.get("/readyz").status_code == 200)
    assert _up(daemon)
    assert daemon.finished(daemon.trigger("mystery-shopper", "t0"))["successes"] == 1


def test_what_waits_at_the_end_is_stored_by_the_next_start(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    with _gone(tmp_path) as outage:
        daemon = _start(start_daemon, simulator, outage.url)
        run_id = daemon.trigger("mystery-shopper")
        daemon.until(lambda: daemon.metrics()["inference_probe_attempts_in_flight"] == TARGETS)
        with outage.of(daemon):
            daemon.until(lambda: _waiting(daemon) == TARGETS)
            daemon.process.terminate()
            daemon.until(lambda: "stopping" in daemon.log)
            assert daemon.stop() == 0  # a second signal: nothing is waited for, and nothing is lost

        again = _start(start_daemon, simulator, outage.url)
        again.until(lambda: again.get("/api/v1/results")["items"])
        again.until(lambda: not _spilled(tmp_path))
        results = again.results(run_id=run_id)
        assert len({result["id"] for result in results}) == len(results) == TARGETS
        assert again.get(f"/api/v1/runs/{run_id}")["status"] == "interrupted"
        assert again.stop() == 0


def test_what_waits_is_stored_by_the_next_start_after_kill_9(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    with _locked(tmp_path) as outage:
        daemon = _start(start_daemon, simulator, outage.url)
        run_id = daemon.trigger("mystery-shopper")
        daemon.until(lambda: daemon.metrics()["inference_probe_attempts_in_flight"] == TARGETS)
        with outage.of(daemon):
            daemon.until(lambda: _waiting(daemon) == TARGETS)
            daemon.until(lambda: sum(file.read_text().count("\n") for file in _spilled(tmp_path)) == TARGETS)
            daemon.kill()

        again = _start(start_daemon, simulator, outage.url)
        again.until(lambda: not _spilled(tmp_path))
        results = again.results(run_id=run_id)
        assert len({result["id"] for result in results}) == len(results) == TARGETS
        assert again.stop() == 0


def _spilled(folder: Path) -> list[Path]:
    return list(folder.rglob("*.spill.jsonl*"))


def _waiting(daemon: RunningDaemon) -> float:
    return daemon.metrics()["inference_probe_store_pending_samples"]


def _up(daemon: RunningDaemon) -> bool:
    return daemon.metrics()["inference_probe_store_up"] == 1


def _counted(daemon: RunningDaemon) -> float:
    """Attempts in the metrics: each stored result once, whenever it was stored."""
    metrics = daemon.metrics().items()
    return sum(value for name, value in metrics if name.startswith("inference_probe_attempts_total"))


def _reason(daemon: RunningDaemon) -> str:
    """Why it is not ready: one line."""
    answer = daemon.client.get("/readyz")
    assert answer.status_code == 503
    (trouble,) = answer.json()["troubles"]
    assert trouble["part"] == "store"
    detail: str = trouble["detail"]
    assert "\n" not in detail
    return detail


def _errors(daemon: RunningDaemon) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in daemon.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["level"] == "error"]
