"""kill -9 in the middle of runs: what was stored stays, nothing runs twice, restarts are clean."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

KILLS = 20
TARGETS = 8


def _config(simulator: RunningSimulator, database: Path) -> dict[str, Any]:
    """Targets that take from 0.1 to 0.8 s, asked by a job every minute and at every start."""
    return {
        "database": {"url": f"sqlite:///{database}"},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated", "concurrency": TARGETS}},
        "targets": [
            {"provider": "sim", "name": f"t{i}", "model": f"sim?ttft_ms=50&gap_ms={i + 1}&tokens=100"}
            for i in range(TARGETS)
        ],
        "jobs": [{"name": "often", "cron": "* * * * *", "suite": "quick", "run_at_start": True}],
    }


def test_nothing_stored_is_lost(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    chance = random.Random(20)
    database = tmp_path / "killed.db"
    seen: set[str] = set()
    for _ in range(KILLS):
        daemon = start_daemon(_config(simulator, database))
        wanted = len(seen) + chance.randint(1, 2 * TARGETS)
        seen |= daemon.until(partial(_ids, daemon, wanted))
        _kill(daemon)

    last = start_daemon(_config(simulator, database))
    last.finished(last.trigger("quick"))
    stored = [result["id"] for result in last.results()]
    runs = last.get("/api/v1/runs", limit=500)["items"]
    assert last.stop() == 0

    assert seen <= set(stored)
    assert len(stored) == len(set(stored))
    assert {run["status"] for run in runs} <= {"finished", "interrupted", "running"}
    assert sum(run["status"] == "interrupted" for run in runs) > KILLS / 4
    _is_sound(database)


def test_a_slot_that_was_killed_does_not_run_again(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    database = tmp_path / "killed.db"
    daemon = start_daemon(_config(simulator, database))
    killed = daemon.until(lambda: _scheduled(daemon))
    _kill(daemon)

    again = start_daemon(_config(simulator, database))
    again.finished(again.trigger("quick"))
    assert _scheduled(again)[-1]["id"] == killed[0]["id"]
    assert _scheduled(again)[-1]["status"] == "interrupted"
    assert again.stop() == 0
    _is_sound(database)
    slots = _rows(database, "SELECT job, planned_at, run_id FROM slots WHERE run_id IS NOT NULL")
    assert len({(job, planned_at) for job, planned_at, _ in slots}) == len(slots) >= 1


def _kill(daemon: RunningDaemon) -> None:
    """No child may outlive the daemon."""
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    daemon.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def _scheduled(daemon: RunningDaemon) -> list[dict[str, Any]]:
    """Newest first."""
    runs = daemon.get("/api/v1/runs", limit=500)["items"]
    return [run for run in runs if run["triggered_by"] == "schedule"]


def _ids(daemon: RunningDaemon, wanted: int) -> set[str]:
    """Nothing until there are as many as wanted."""
    found = {result["id"] for result in daemon.results()}
    return found if len(found) >= wanted else set()


def _is_sound(database: Path) -> None:
    assert _rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert _rows(database, "SELECT count(*) FROM runs WHERE finished_at IS NULL") == [(0,)]
    doubled = "SELECT 1 FROM benchmark_results GROUP BY run_id, target, case_id HAVING count(*) > 1"
    assert _rows(database, doubled) == []


def _rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()
