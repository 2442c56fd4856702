"""Two daemons on one database: a slot runs once, a job once at a time, and a killed one holds nothing up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.postgres import PostgresServer
from tests.servers.simulator import RunningSimulator

NEVER = "0 0 29 2 *"
LEFT_TO_ANOTHER = "another daemon made the run at the start, or runs the job"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"shared_{request.node.originalname.removeprefix('test_')}"
    server.psql(f"CREATE DATABASE {name}")
    return server.url(name)


def _config(simulator: RunningSimulator, database: str, model: str, **job: Any) -> dict[str, Any]:
    return {
        "shutdown_seconds": 0.1,
        "database": {"url": database},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "one", "model": model}],
        "jobs": [{"name": "often", "suite": "mystery-shopper", **job}],
    }


def test_a_slot_runs_once(start_daemon: StartDaemon, simulator: RunningSimulator, database: str) -> None:
    config = _config(simulator, database, "sim?ttft_ms=5&gap_ms=1&tokens=5", cron="* * * * *")
    first, second = start_daemon(config), start_daemon(config)
    runs = first.until(lambda: _runs(first))
    run = second.finished(runs[0]["id"])

    assert run["triggered_by"] == "schedule"
    assert run["attempts"] == run["planned_attempts"] == 1
    assert len(_runs(second)) == 1
    counted = [
        daemon.metrics()['inference_probe_job_runs_total{job_name="often"}'] for daemon in (first, second)
    ]
    assert sum(counted) == 1


def test_a_run_at_the_start_is_of_one_and_ends_with_it(
    start_daemon: StartDaemon, simulator: RunningSimulator, database: str
) -> None:
    """Killed in mid-run: whoever looks next closes that run, and the job is free."""
    config = _config(simulator, database, "sim?ttft_ms=600000", cron=NEVER, run_at_start=True)
    first = start_daemon(config)
    (going,) = first.until(lambda: _runs(first))
    second = start_daemon(config)
    second.until(lambda: LEFT_TO_ANOTHER in second.log)
    assert [(run["id"], run["status"]) for run in _runs(second)] == [(going["id"], "running")]

    first.kill()
    third = start_daemon(config)
    third.until(lambda: len(_runs(third)) == 2)
    again, killed = _runs(third)
    assert (killed["id"], killed["status"]) == (going["id"], "interrupted")
    assert (again["triggered_by"], again["status"]) == ("start", "running")


def _runs(daemon: RunningDaemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.get("/api/v1/runs")["items"]
    return [run for run in found if run["run_name"] == "often"]
