"""Stopping: what is in flight may finish in time, is stored either way, and nothing is left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.postgres import PostgresServer, postgres_server
from tests.servers.simulator import RunningSimulator


def _start(
    start_daemon: StartDaemon, simulator: RunningSimulator, model: str, **sections: Any
) -> RunningDaemon:
    return start_daemon(
        {
            "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
            "targets": [{"provider": "sim", "name": "one", "model": model}],
            **sections,
        }
    )


def _in_flight(daemon: RunningDaemon) -> bool:
    return daemon.metrics()["inference_probe_attempts_in_flight"] > 0


def test_attempts_in_flight_finish_and_are_stored(
    start_daemon: StartDaemon, simulator: RunningSimulator
) -> None:
    daemon = _start(start_daemon, simulator, "sim?ttft_ms=1500&gap_ms=1&tokens=10")
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    run_id = daemon.trigger("mystery-shopper", "one")
    daemon.until(lambda: _in_flight(daemon))
    assert daemon.stop() == 0
    assert not psutil.wait_procs(children, timeout=10)[1]

    again = _start(start_daemon, simulator, "sim", database=_database(daemon))
    run = again.get(f"/api/v1/runs/{run_id}")
    assert (run["status"], run["successes"]) == ("finished", 1)


def test_what_does_not_finish_in_time_is_stored_as_cancelled(
    start_daemon: StartDaemon, simulator: RunningSimulator
) -> None:
    daemon = _start(start_daemon, simulator, "sim?ttft_ms=60000", shutdown_seconds=0.5)
    run_id = daemon.trigger("mystery-shopper", "one")
    daemon.until(lambda: _in_flight(daemon))
    assert daemon.stop() == 0

    again = _start(start_daemon, simulator, "sim", database=_database(daemon))
    assert again.get(f"/api/v1/runs/{run_id}")["status"] == "interrupted"
    (result,) = again.results(run_id=run_id)
    assert (result["failure"]["kind"], result["failure"]["fault"]) == ("cancelled", "probe")


def test_a_second_signal_waits_for_nothing(start_daemon: StartDaemon, simulator: RunningSimulator) -> None:
    daemon = _start(start_daemon, simulator, "sim?ttft_ms=60000", shutdown_seconds=60)
    daemon.trigger("mystery-shopper", "one")
    daemon.until(lambda: _in_flight(daemon))
    daemon.process.send_signal(signal.SIGINT)
    daemon.until(lambda: "stopping" in daemon.log)
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGINT)

    assert daemon.process.wait(40) == 0
    assert time.monotonic() - began < 40, "the deadline of a minute was not waited for"


def _database(daemon: RunningDaemon) -> dict[str, str]:
    return {"url": f"sqlite:///{daemon.config_file.parent}/probe.db"}


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of its own, for it will be frozen."""
    with postgres_server() as started:
        yield started


@contextmanager
def _frozen(server: PostgresServer) -> Iterator[None]:
    """It takes what is sent and answers nothing, as behind a network that is gone."""
    postmaster = psutil.Process(int((server.directory / "postmaster.pid").read_text().split()[0]))
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


@pytest.mark.parametrize("signals", [1, 2], ids=["", "in a hurry"])
def test_a_database_that_does_not_answer_keeps_nobody(
    start_daemon: StartDaemon,
    simulator: RunningSimulator,
    server: PostgresServer,
    tmp_path: Path,
    signals: int,
) -> None:
    """What was measured is in the spill file, and stored by the next start."""
    database = {"url": server.url("postgres")}
    daemon = _start(start_daemon, simulator, "sim?ttft_ms=1000&tokens=5", database=database)
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    run_id = daemon.trigger("mystery-shopper", "one")
    daemon.until(lambda: _in_flight(daemon))
    with _frozen(server):
        daemon.until(lambda: not _in_flight(daemon))
        for _ in range(signals):
            daemon.process.send_signal(signal.SIGTERM)
            daemon.until(lambda: "stopping" in daemon.log)
        assert daemon.process.wait(90) == 0
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert "Traceback" not in daemon.log
    (spilled,) = (tmp_path / "data" / "probe.spill.jsonl").read_text().splitlines()
    assert run_id in spilled

    again = _start(start_daemon, simulator, "sim", database=database)
    (result,) = again.until(lambda: again.results(run_id=run_id))
    assert result["success"]
    assert again.get(f"/api/v1/runs/{run_id}")["status"] == "interrupted"
