"""Two daemons on one PostgreSQL database: a slot runs once, whoever gets it."""

from __future__ import annotations

from typing import Any

from tests.servers.daemon import StartDaemon
from tests.servers.postgres import PostgresServer
from tests.servers.simulator import RunningSimulator


def test_a_slot_runs_once(
    start_daemon: StartDaemon, simulator: RunningSimulator, postgres: PostgresServer
) -> None:
    postgres.psql("CREATE DATABASE shared_by_two")
    config: dict[str, Any] = {
        "database": {"url": postgres.url("shared_by_two")},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "one", "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"}],
        "jobs": [{"name": "often", "cron": "* * * * *", "suite": "mystery-shopper"}],
    }
    first, second = start_daemon(config), start_daemon(config)
    runs = first.until(lambda: first.get("/api/v1/runs")["items"])
    run = second.finished(runs[0]["id"])

    assert run["triggered_by"] == "schedule"
    assert run["attempts"] == run["planned_attempts"] == 1
    assert len(second.get("/api/v1/runs")["items"]) == 1
    assert sum(_runs(daemon.metrics()) for daemon in (first, second)) == 1


def _runs(metrics: dict[str, float]) -> float:
    return metrics['inference_probe_job_runs_total{job_name="often"}']
