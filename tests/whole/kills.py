"""kill -9 at random, the database healthy or not: is any answer lost, or kept twice?

    python -m tests.whole.kills [kills [state…]]     by hand: 100 kills of one state take ten minutes

Prints for each state how many answers there were, how many ended in time to be kept, how many of these while
the database was out, how many are lost and how many are there twice. Exit status 1 if there are any.
"""

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil

from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.simulator.options import SimulatorOptions
from tests.servers.daemon import RunningDaemon, launch
from tests.servers.postgres import PostgresServer, postgres_server
from tests.servers.simulator import RunningSimulator, SimulatorChild

# An answer that was read so long before the kill is kept.
KEPT_AFTER_SECONDS: Final = 0.5
TARGETS: Final = 8

# A database and how to take it away for a while.
Database = tuple[str, Callable[[], AbstractContextManager[object]]]


# States of a database -------------------------------------------------------------------------------------


@contextmanager
def _healthy(folder: Path) -> Iterator[Database]:
    yield f"sqlite:///{folder}/killed.db", nullcontext


@contextmanager
def _locked(folder: Path) -> Iterator[Database]:
    @contextmanager
    def holding_the_lock() -> Iterator[None]:
        with closing(sqlite3.connect(folder / "killed.db", timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    yield f"sqlite:///{folder}/killed.db", holding_the_lock


@contextmanager
def _read_only(folder: Path) -> Iterator[Database]:
    """A mount that allows no writing; where none may be mounted, permissions, which stop all but root."""
    data = folder / "data"
    data.mkdir()

    @contextmanager
    def mounted() -> Iterator[None]:
        if subprocess.run(["mount", "--bind", data, data], capture_output=True).returncode == 0:
            try:
                subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
                yield
            finally:
                subprocess.run(["umount", "--lazy", data], check=True)
        else:
            data.chmod(0o500)
            try:
                yield
            finally:
                data.chmod(0o700)

    yield f"sqlite:///{data}/killed.db", mounted


@contextmanager
def _down(folder: Path) -> Iterator[Database]:
    with postgres_server() as server:

        @contextmanager
        def stopped() -> Iterator[None]:
            server.stop()
            try:
                yield
            finally:
                server.start()

        yield server.url("postgres"), stopped


@contextmanager
def _refusing(folder: Path) -> Iterator[Database]:
    with postgres_server() as server:

        @contextmanager
        def read_only() -> Iterator[None]:
            _set_read_only(server, "on")
            yield
            _set_read_only(server, "off")

        yield server.url("postgres"), read_only


def _set_read_only(server: PostgresServer, state: str) -> None:
    server.psql(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
    server.psql("SELECT pg_reload_conf()")


STATES: Final = {
    "healthy": _healthy,
    "locked": _locked,
    "read-only mount": _read_only,
    "server down": _down,
    "server read-only": _refusing,
}


# Kills ----------------------------------------------------------------------------------------------------


@dataclass
class Killed:
    """What came of kills: ids of answers, by what became of them."""

    kills: int = 0
    in_outages: int = 0
    due: set[str] = field(default_factory=set)
    stored: Counter[str] = field(default_factory=Counter)
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unfinished_runs: int = 0

    @property
    def lost(self) -> set[str]:
        return self.due - self.stored.keys()

    @property
    def twice(self) -> set[object]:
        return {key for counts in (self.stored, self.asked) for key, number in counts.items() if number > 1}

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.stored)} results, {len(self.due)} answered in time, of these "
            f"{self.in_outages} in an outage; {len(self.lost)} lost, {len(self.twice)} twice"
        )


def kill_at_random(state: str, folder: Path, kills: int, chance: random.Random) -> Killed:
    """The daemon is started, and killed while it asks, so often; the last one is left alone."""
    found = Killed()
    child = SimulatorChild(SimulatorOptions(keep_truths=2000))
    try:
        with STATES[state](folder) as (url, outage):
            config = config_of(child.running, url)
            names = (f"daemon-{number}" for number in count())
            for _ in range(kills):
                daemon = launch(folder, config, {}, name=next(names))
                try:
                    _kill_once(daemon, child.running, outage, chance, found)
                finally:
                    kill(daemon)
            daemon = launch(folder, config, {}, name=next(names))
            try:
                _collect(daemon, found)
            finally:
                assert daemon.stop() == 0
    finally:
        child.stop()
    return found


def config_of(simulator: RunningSimulator, url: str) -> dict[str, Any]:
    """Targets that take from 0.1 to 0.8 s each time."""
    return {
        "database": {"url": url},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated", "concurrency": TARGETS}},
        "targets": [
            {"provider": "sim", "name": f"t{i}", "model": f"sim?ttft_ms=50&gap_ms={i + 1}&tokens=100"}
            for i in range(TARGETS)
        ],
    }


def _kill_once(
    daemon: RunningDaemon,
    simulator: RunningSimulator,
    outage: Callable[[], AbstractContextManager[object]],
    chance: random.Random,
    found: Killed,
) -> None:
    began_ns = monotonic_ns()
    for _ in range(2):
        daemon.trigger("quick")
    daemon.until(lambda: any(_since(began_ns, truth) and truth["end_ns"] for truth in simulator.truths()))
    time.sleep(chance.uniform(0.0, 1.0))
    with outage():
        out_ns = monotonic_ns()
        time.sleep(chance.uniform(0.0, 2.5))
        killed_ns = monotonic_ns()
        kill(daemon)
    found.kills += 1
    for truth in simulator.truths():
        last_ns = truth["end_ns"] or killed_ns
        if _since(began_ns, truth) and last_ns + KEPT_AFTER_SECONDS * NS_PER_SECOND <= killed_ns:
            found.due.add(truth["client_request_id"])
            found.in_outages += outage is not nullcontext and last_ns >= out_ns


def _since(began_ns: int, truth: dict[str, Any]) -> bool:
    received_ns: int = truth["received_ns"]
    return received_ns >= began_ns


def kill(daemon: RunningDaemon) -> None:
    """No child may outlive the daemon."""
    if daemon.process.poll() is not None:
        return
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    daemon.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def _collect(daemon: RunningDaemon, found: Killed) -> None:
    def nothing_waits() -> bool:
        stored.clear()
        stored.extend(daemon.results())
        return found.due <= {result["id"] for result in stored}

    stored: list[dict[str, Any]] = []
    daemon.until(lambda: daemon.metrics()["inference_probe_store_pending_samples"] == 0)
    until = time.monotonic() + 30
    while not nothing_waits() and time.monotonic() < until:
        time.sleep(0.5)
    found.stored.update(result["id"] for result in stored)
    found.asked.update((result["run_id"], result["target"]["name"], result["case_id"]) for result in stored)
    runs = daemon.get("/api/v1/runs", limit=500)["items"]
    found.unfinished_runs = sum(run["finished_at"] is None for run in runs)


# By hand --------------------------------------------------------------------------------------------------


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    faults = 0
    for state in sys.argv[2:] or STATES:
        with tempfile.TemporaryDirectory(prefix="probe-kills-") as folder:
            found = kill_at_random(state, Path(folder), kills, random.Random(11))
        print(f"{state}: {found}", flush=True)
        for problem in (*found.lost, *found.twice):
            print("  ", problem, flush=True)
        faults += len(found.lost) + len(found.twice)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
