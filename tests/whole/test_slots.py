"""Slots, end to end: a run begins on its minute; what passed while nobody was there is counted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from probe.facts.slot import Slot
from probe.store.store import Store
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def _config(simulator: RunningSimulator, *jobs: dict[str, str]) -> dict[str, Any]:
    return {
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "one", "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"}],
        "jobs": [{"suite": "quick", **job} for job in jobs],
    }


def test_a_run_begins_on_its_minute(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    daemon = start_daemon(_config(simulator, {"name": "often", "cron": "* * * * *"}))
    (planned,) = _planned(daemon)
    runs = daemon.until(lambda: _runs_since(daemon, planned))
    run = daemon.finished(runs[0]["id"])
    started = _date(run["started_at"])

    assert planned.second == 0
    assert started - planned < 10 * SECOND
    assert (run["triggered_by"], run["run_name"], run["status"]) == ("schedule", "often", "finished")
    assert run["attempts"] == run["planned_attempts"] == run["successes"] == 3
    for result in daemon.results(run_id=run["id"]):
        assert _date(result["planned_at"]) == planned
        lag = (_date(result["started_at"]) - planned).total_seconds()
        assert result["lag_seconds"] == pytest.approx(lag, abs=0.005)
        assert result["lag_seconds"] >= 0
    metrics = daemon.metrics()
    assert _planned(daemon) == [planned + 60 * SECOND]
    last = metrics['inference_probe_job_last_run_timestamp_seconds{job_name="often"}']
    assert started.timestamp() == pytest.approx(last, abs=1)

    assert daemon.stop() == 0
    status, late_seconds, run_id = _slots(tmp_path, "status, late_seconds, run_id", "often")[-1]
    assert (status, run_id) == ("done", run["id"])
    assert 0 <= late_seconds <= (started - planned).total_seconds()
    assert metrics['inference_probe_job_late_total{job_name="often"}'] == (late_seconds > 1)


def _runs_since(daemon: RunningDaemon, instant: datetime) -> list[dict[str, Any]]:
    return [run for run in daemon.get("/api/v1/runs")["items"] if _date(run["started_at"]) >= instant]


async def test_what_passed_while_the_daemon_was_down_is_counted_once(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    """The last slot that ran is put four hours back; the next one is half an hour away."""
    now = datetime.now(UTC)
    upcoming = (now + HOUR / 2).replace(second=0, microsecond=0)
    last_run = upcoming - 5 * HOUR
    missed = [upcoming - hours * HOUR for hours in (4, 3, 2, 1)]
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db") as store:
        run_id = await store.runs.claim(Slot(job="hourly", planned_at=last_run), suite="quick")
        assert isinstance(run_id, UUID)
        await store.runs.finish(run_id, "finished")
    config = _config(simulator, {"name": "hourly", "cron": f"{upcoming.minute} * * * *"})

    daemon = start_daemon(config)
    daemon.until(lambda: _missed(daemon) == 4)
    assert _planned(daemon) == [upcoming]
    assert [run["id"] for run in daemon.get("/api/v1/runs")["items"]] == [str(run_id)]
    assert "4 missed" in daemon.client.get("/").text
    assert daemon.stop() == 0
    again = start_daemon(config)
    again.finished(again.trigger("quick"))
    assert _missed(again) == 0
    assert again.stop() == 0

    columns = "planned_at, last_planned_at, status, count"
    assert _slots(tmp_path, columns, "hourly") == [
        (_text(last_run), _text(last_run), "done", 1),
        (_text(missed[0]), _text(missed[-1]), "missed", 4),
    ]


def _planned(daemon: RunningDaemon) -> list[datetime]:
    """When the next run of each job is planned."""
    name = "inference_probe_job_next_run_timestamp_seconds"
    values = [value for line, value in daemon.metrics().items() if line.startswith(name)]
    return [datetime.fromtimestamp(value, UTC) for value in values]


def _missed(daemon: RunningDaemon) -> float:
    return daemon.metrics()['inference_probe_job_missed_total{job_name="hourly"}']


def _slots(folder: Path, columns: str, job: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM slots WHERE job = ? ORDER BY planned_at"
    with closing(sqlite3.connect(folder / "probe.db")) as connection:
        return connection.execute(query, (job,)).fetchall()


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(date: datetime) -> str:
    """As SQLite keeps it."""
    return f"{date:%Y-%m-%d %H:%M:%S.%f}"
