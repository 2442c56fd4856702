"""A real Prometheus scrapes the real daemon: every family is there, every figure is the API's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from probe.metrics import CATALOGUE
from probe.metrics.family import Family, OfAttempt, OfSeries, OfWindow
from probe.metrics.names import PREFIX
from tests.servers.daemon import TOKEN, RunningDaemon, StartDaemon
from tests.servers.ports import free_port
from tests.servers.prometheus import Prometheus, check_metrics, scraping
from tests.servers.simulator import RunningSimulator, Start

Key = tuple[str, str]
# Of inference servers, and of lists with prices and ends: tests/exporters scrapes a status that has them.
OF_OTHERS = {
    "engine_up",
    "engine_silenced",
    "last_unreported",
    "later_try_ttft_seconds",
    "engine_requests_running",
    "engine_requests_waiting",
    "engine_kv_cache_ratio",
    "engine_batch_size",
    "model_price_fetched_timestamp_seconds",
    "model_price_disagreement_ratio",
    "price_source_read_timestamp_seconds",
    "price_source_errors_total",
    "probed_model_retirement_timestamp_seconds",
}
# A label without a value is none to Prometheus.
EMPTY = {"window"}
LINES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}


def _behaviour(flaky: str) -> str:
    """Three models; the middle one behaves as told."""
    says = "usage: x_groq, charged_usd: 0.0001, ratelimit_headers: true"
    good = f"{{ttft_ms: 60, ttft_spread_ms: 40, gap_ms: 2, tokens: 30, {says}}}"
    return f"models:\n  steady: {good}\n  flaky: {good if flaky == 'well' else '{fault: http_503}'}\n"


@pytest.fixture
def behaviour(tmp_path: Path) -> Path:
    file = tmp_path / "models.yaml"
    file.write_text(_behaviour("well"))
    return file


def _config(simulator: RunningSimulator, port: int, *, run_at_start: bool) -> dict[str, Any]:
    return {
        "jobs": [{"name": "leap", "cron": "0 0 29 2 *", "suite": "quick", "run_at_start": run_at_start}],
        "server": {"port": port, "token": TOKEN},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [
            {"provider": "sim", "name": "steady", "model": "steady", "connection": "both"},
            {"provider": "sim", "name": "flaky", "model": "flaky"},
            {"provider": "sim", "name": "down", "model": "sim?fault=http_401"},
        ],
        "budgets": [{"name": "all", "daily_usd": 1, "monthly_usd": 10}],
        "discovery": {"run_at_start": True},
        "pricing": {"fetch": False},
        "prices": {"sim/steady": {"input_per_million_usd": 0.15, "output_per_million_usd": 0.6}},
    }


async def test_what_prometheus_knows_is_what_the_api_says(
    start_daemon: StartDaemon, start_simulator: Start, behaviour: Path, tmp_path: Path
) -> None:
    simulator = start_simulator(behaviour_file=behaviour)
    port = free_port()
    daemon = start_daemon(_config(simulator, port, run_at_start=True))
    async with scraping(daemon.url.removeprefix("http://"), tmp_path / "prometheus") as prometheus:
        (run,) = daemon.until(lambda: daemon.get("/api/v1/runs", run_name="leap")["items"])
        daemon.finished(run["id"])
        behaviour.write_text(_behaviour("ill"))
        daemon.finished(daemon.trigger("quick"))
        entries = {(each["target"], each["connection"]): each for each in _leaderboard(daemon)}
        assert {key: (each["successes"], each["failures"]) for key, each in entries.items()} == {
            ("steady", "cold"): (6, 0),
            ("steady", "warm"): (6, 0),
            ("flaky", "cold"): (3, 3),
            ("down", "cold"): (0, 6),
        }
        await prometheus.until(f"sum({PREFIX}window_attempts)", lambda found: list(found.values()) == [24])
        await _has_every_family(prometheus)
        for key, entry in entries.items():
            await _has_the_figures_of(prometheus, key, entry)
        assert check_metrics(daemon.client.get("/metrics").content) == ""
        before = _gauges(daemon)

        daemon.kill()
        again = start_daemon(_config(simulator, port, run_at_start=False))
        assert _gauges(again) == before
        started = f"{PREFIX}start_timestamp_seconds"
        await prometheus.until(f"changes({started}[1m]) > 0")
        for key, entry in entries.items():
            await _has_the_gauges_of(prometheus, key, entry)


async def _has_every_family(prometheus: Prometheus) -> None:
    for family in CATALOGUE:
        if family.name.removeprefix(PREFIX) in OF_OTHERS:
            continue
        for end in LINES.get(family.kind, ("",)):
            answer = await prometheus.until(family.name + end)
            names = {name for labels in answer for name, _ in labels} - {"__name__", "le"}
            assert names | EMPTY == set(family.label_names) | EMPTY, family.name + end


async def _has_the_figures_of(prometheus: Prometheus, key: Key, entry: dict[str, Any]) -> None:
    """Counters began with the daemon, so they are the leaderboard's sums."""

    async def total(name: str, **labels: str) -> float | None:
        return await _sum(prometheus, name, key, **labels)

    await _has_the_gauges_of(prometheus, key, entry)
    assert await total("attempts_total", outcome="ok") == entry["successes"]
    assert await total("attempts_total", outcome="failed") == entry["failures"]
    assert await total("tokens_total", type="input") == entry["input_tokens"]
    assert await total("tokens_total", type="output") == entry["output_tokens"]
    assert await total("cost_usd_total") == pytest.approx(float(entry["cost_usd"] or 0))
    for family, api in (("ttft_seconds", "ttft"), ("total_latency_seconds", "total_latency")):
        distribution = entry[api] or {"n": 0, "mean": 0}
        assert await total(f"{family}_count") == distribution["n"]
        assert await total(f"{family}_sum") == pytest.approx(distribution["n"] * distribution["mean"])


async def _has_the_gauges_of(prometheus: Prometheus, key: Key, entry: dict[str, Any]) -> None:
    async def gauge(name: str) -> float | None:
        return await _sum(prometheus, name, key)

    assert await gauge("window_attempts") == entry["attempts"]
    assert await gauge("success_ratio") == entry["success_ratio"]
    assert await gauge("value_score") == entry["value_score"]
    assert await gauge("jitter_seconds") == pytest.approx(entry["jitter_seconds"])
    assert await gauge("last_attempt_timestamp_seconds") == _unix(entry["last_at"])
    assert await gauge("last_success_timestamp_seconds") == _unix(entry["last_success_at"])


async def _sum(prometheus: Prometheus, name: str, key: Key, **labels: str) -> float | None:
    """Over what is left of one series; None where there is nothing."""
    target, connection = key
    wanted = {"target": target, "connection": connection, **labels}
    selector = ",".join(f'{label}="{value}"' for label, value in wanted.items())
    found = await prometheus.query(f"sum({PREFIX}{name}{{{selector}}})")
    return next(iter(found.values()), None)


def _unix(date: str | None) -> Any:
    """An API's date as a Unix time that compares to the millisecond; 0 for none."""
    return 0 if date is None else pytest.approx(datetime.fromisoformat(date).timestamp(), abs=1e-3)


def _leaderboard(daemon: RunningDaemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.get("/api/v1/leaderboard")["items"]
    return found


def _gauges(daemon: RunningDaemon) -> dict[str, float]:
    """Everything about targets that does not begin again with the process."""
    names = tuple(f"{family.name}{{" for family in CATALOGUE if _outlives_the_process(family))
    found = {name: value for name, value in daemon.metrics().items() if name.startswith(names)}
    assert len(found) > 50
    return found


def _outlives_the_process(family: Family) -> bool:
    return family.kind in ("gauge", "info") and isinstance(family.source, OfAttempt | OfWindow | OfSeries)
