"""The daemon as its users start it, with very little money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import yaml

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.postgres import PostgresServer
from tests.servers.simulator import RunningSimulator

FAST = "sim?ttft_ms=1&gap_ms=0&tokens=5"
NEVER = "0 0 29 2 *"


def _config(simulator: RunningSimulator, **sections: Any) -> dict[str, Any]:
    """A request is a cent, whatever its tokens: a run of `mystery-shopper` is one, of `quick` three."""
    return {
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "one", "model": FAST}],
        "prices": {f"sim/{FAST}": {**dict.fromkeys(_TOKENS, 0), "request_usd": "0.01"}},
        "jobs": [{"name": "start", "cron": NEVER, "suite": "mystery-shopper", "run_at_start": True}],
        "budgets": [{"name": "small", "daily_usd": "0.02", "monthly_usd": 1}],
        **sections,
    }


_TOKENS = ("input_per_million_usd", "output_per_million_usd")


def _budget(daemon: RunningDaemon, period: str = "day") -> dict[str, Any]:
    items = daemon.get("/api/v1/budgets")["items"]
    return next(each for each in items if each["period"] == period)


def _events(daemon: RunningDaemon) -> set[str]:
    return {event["kind"] for event in daemon.get("/api/v1/events")["items"]}


def test_a_small_budget(start_daemon: StartDaemon, simulator: RunningSimulator) -> None:
    config = _config(simulator)
    first = start_daemon(config)
    first.until(lambda: Decimal(_budget(first)["spent_usd"]) == Decimal("0.01"))
    first.until(lambda: first.get("/api/v1/runs")["items"][0]["status"] == "finished")

    refused = first.post("/api/v1/runs", {"suite": "quick", "name": "start"})
    assert refused.status_code == 409
    assert "budget small (day " in refused.json()["detail"]
    assert "0.01 of 0.02 USD are left" in refused.json()["detail"]
    run = first.get("/api/v1/runs", status="skipped")["items"][0]
    assert (run["attempts"], run["planned_attempts"], run["note"] in refused.json()["detail"]) == (0, 3, True)
    first.until(lambda: _events(first) == {"budget_exhausted"})
    metrics = first.metrics()
    assert metrics['inference_probe_runs_skipped_total{job_name="start",reason="budget_day"}'] == 1
    assert metrics['inference_probe_budget_limit_usd{budget="small",period="day"}'] == 0.02
    assert metrics['inference_probe_budget_spent_usd{budget="small",period="day"}'] == 0.01
    assert metrics['inference_probe_budget_spent_ratio{budget="small",period="day"}'] == 0.5
    assert metrics['inference_probe_spend_today_usd{provider="sim"}'] == 0.01

    first.kill()
    second = start_daemon(config)
    second.until(lambda: Decimal(_budget(second)["spent_usd"]) == Decimal("0.02"))
    second.until(lambda: _events(second) == {"budget_exhausted", "budget_warning"})
    assert second.stop() == 0
    third = start_daemon(config)
    third.until(lambda: _budget(third)["skipped_runs"] == 1)
    assert len(third.results()) == 2
    page = third.client.get("/").text
    assert "1 run skipped" in page

    third.rewrite({**_whole(third, config), "budgets": [{"name": "small", "daily_usd": "0.05"}]})
    assert third.post("/-/reload").status_code == 200
    assert third.finished(third.trigger("quick"))["successes"] == 3
    assert Decimal(_budget(third)["spent_usd"]) == Decimal("0.05")


def _whole(daemon: RunningDaemon, config: dict[str, Any]) -> dict[str, Any]:
    """With what the fixture added, which a reload cannot change."""
    written: dict[str, Any] = yaml.safe_load(daemon.config_file.read_text())
    return {**written, **config}


def test_two_daemons_on_one_database_share_a_budget(
    start_daemon: StartDaemon, simulator: RunningSimulator, postgres: PostgresServer
) -> None:
    postgres.psql("CREATE DATABASE shared_budget")
    config = _config(
        simulator,
        database={"url": postgres.url("shared_budget")},
        jobs=[{"name": "never", "cron": NEVER, "suite": "quick"}],
        budgets=[{"name": "small", "daily_usd": "0.03"}],
    )
    first = start_daemon({**config, "location": "here"})
    second = start_daemon({**config, "location": "there"})
    assert first.finished(first.trigger("mystery-shopper"))["successes"] == 1
    refused = second.post("/api/v1/runs", {"suite": "quick"})
    assert refused.status_code == 409
    assert "0.02 of 0.03 USD are left" in refused.json()["detail"]
    second.finished(second.trigger("mystery-shopper"))
    first.finished(first.trigger("mystery-shopper"))
    assert second.post("/api/v1/runs", {"suite": "mystery-shopper"}).status_code == 409
    assert Decimal(_budget(second)["spent_usd"]) == Decimal("0.03")


def test_estimates_over_http(start_daemon: StartDaemon, simulator: RunningSimulator) -> None:
    daemon = start_daemon(_config(simulator, jobs=[{"name": "daily", "cron": "0 6 * * *", "suite": "quick"}]))
    (job,) = daemon.get("/api/v1/estimate")["items"]
    assert (job["job"], job["attempts"], job["runs_in_30_days"]) == ("daily", 3, 30)
    assert (Decimal(job["run"]["usd"]), Decimal(job["month"]["usd"])) == (Decimal("0.03"), Decimal("0.9"))
    (run,) = daemon.get("/api/v1/estimate", suite="mystery-shopper", target="o*")["items"]
    assert (run["job"], run["attempts"], run["month"]) == (None, 1, None)
    metrics = daemon.metrics()
    assert metrics['inference_probe_job_estimated_run_cost_usd{job_name="daily"}'] == 0.03
    assert metrics['inference_probe_job_estimated_month_cost_usd{job_name="daily"}'] == 0.9
    for wrong, status in (
        ({"job": "x"}, 404),
        ({"suite": "x"}, 404),
        ({"suite": "quick", "target": "x"}, 404),
        ({"job": "daily", "suite": "quick"}, 409),
    ):
        assert daemon.client.get("/api/v1/estimate", params=wrong).status_code == status
