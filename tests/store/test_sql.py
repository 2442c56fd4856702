"""The SQL that people have, and that the documentation shows, runs as written and tells the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from probe.catalog.models.listed import ListedModel
from probe.facts.sample import Sample
from probe.store.store import Store
from tests.store.knowledge import a_dated_price, a_listed_model, a_plain_price, a_quote, an_event
from tests.store.samples import a_failure, a_sample, a_target
from tests.store.sql import execute

SQL = Path(__file__).parents[2] / "docs" / "sql"
HOUR = timedelta(hours=1)


def _ending(sample: Sample, end: datetime) -> Sample:
    return replace(sample, started_at=end - timedelta(seconds=sample.timing.duration_seconds))


@pytest.fixture
async def now() -> datetime:
    """The middle of the last full hour: `NOW()` in SQL is the real one."""
    return datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - HOUR


@pytest.fixture
async def filled(url: str, now: datetime) -> str:
    """Two good and one failed request to openai, one to groq without a price; others too long ago."""
    async with await Store.open(url) as store:
        run = await store.runs.start(run_name="sql", triggered_by="cli", suite="quick")
        good = a_sample(run)
        slow = replace(good.timing, ttft_seconds=0.5, total_latency_seconds=2.9, tps=40.6)
        groq = a_target("groq/llama")
        for sample in (
            _ending(good, now),
            _ending(a_sample(run, timing=slow), now - HOUR),
            _ending(a_failure(run), now),
            _ending(a_sample(run, target=groq, cost=None), now),
            _ending(a_sample(run, target=groq), now - 48 * HOUR),
            _ending(a_sample(run, target=groq), now - 24 * 40 * HOUR),
        ):
            await store.results.add(sample)
        for days, given in ((20, "0.3"), (10, "0.15"), (30, "0.6")):
            price = a_plain_price(given, at=now - timedelta(days=days))
            await store.prices.record(good.target, price)
    return url


async def _query(url: str, name: str) -> list[tuple[Any, ...]]:
    folder = "sqlite" if url.startswith("sqlite") else "postgresql"
    return await execute(url, (SQL / folder / name).read_text())


async def test_averages_by_provider(filled: str) -> None:
    groq, openai = await _query(filled, "provider_averages.sql")
    assert groq[0] == "groq"
    assert [float(value) for value in groq[1:]] == pytest.approx([1900, 234.567891, 59.4, 1])
    assert openai[0] == "openai"
    assert [float(value) for value in openai[1:]] == pytest.approx([2400, (234.567891 + 500) / 2, 50, 2])


async def test_hourly_trends(filled: str, now: datetime) -> None:
    rows = await _query(filled, "hourly_trends.sql")
    hour = now.replace(minute=0)
    assert [(_date(row[0]), *row[1:3], row[6]) for row in rows] == [
        (hour - 48 * HOUR, "groq", "llama", 1),
        (hour - HOUR, "openai", "gpt-4o-mini", 1),
        (hour, "groq", "llama", 1),
        (hour, "openai", "gpt-4o-mini", 1),
    ]
    assert float(rows[1][3]) == 2900


async def test_error_rates(filled: str) -> None:
    rows = [(row[0], *(float(value) for value in row[1:])) for row in await _query(filled, "error_rate.sql")]
    assert rows == [("openai", 3, 1, 33.33), ("groq", 1, 0, 0)]


async def test_costs(filled: str) -> None:
    rows = await _query(filled, "costs.sql")
    assert [(*row[:2], round(float(row[2]), 9), *row[3:]) for row in rows] == [
        ("openai", "gpt-4o-mini", 0.000_27, 2, 1, 1200),
        ("groq", "llama", 0.000_135, 1, 1, 1200),
    ]


async def test_latest_prices(filled: str, now: datetime) -> None:
    ((provider, model, given, made, at),) = await _query(filled, "latest_prices.sql")
    assert (provider, model, float(given), float(made)) == ("openai", "gpt-4o-mini", 0.15, 0.6)
    assert _date(at) == now - timedelta(days=10)


async def test_models_that_go_away(url: str, now: datetime) -> None:
    today = datetime.now(UTC).date()
    async with await Store.open(url) as store:
        discovery = await store.discoveries.start("openai", "cli")
        soon = a_listed_model("soon", retires_on=today + timedelta(days=12))
        await store.discoveries.finish(
            discovery,
            status="complete",
            base_url="https://openai.test/v1",
            listed=[ListedModel(id="lasting"), soon],
        )
        await store.registry.register(a_target("openai/probed-only"))
        for hours, given in ((2, "1"), (1, "2")):
            price = a_dated_price(given, at=now - hours * HOUR)
            await store.prices.record_all([("openai", "soon", price)], {"openai": "https://openai.test/v1"})
    first, second = await _query(url, "models.sql")
    assert (*first[:3], *first[7:9]) == ("openai", "soon", 128_000, 12, "gpt-5-mini")
    assert [float(amount) for amount in first[9:]] == [2, 0.6]
    assert (*second[:3], *second[5:]) == ("openai", "lasting", None, None, None, None, None, None, None)


async def test_prices_that_changed(url: str, now: datetime) -> None:
    async with await Store.open(url) as store:
        for days, given in ((100, "4"), (95, "3"), (10, "2"), (5, "1")):
            price = a_dated_price(given, at=now - timedelta(days=days))
            await store.prices.record(a_target(), price)
        await store.prices.record(a_target("openai/unchanged"), a_dated_price(at=now))
    rows = await _query(url, "price_changes.sql")
    assert [(row[1], float(row[2]), float(row[3]), _date(row[7])) for row in rows] == [
        ("gpt-4o-mini", 2, 1, now - timedelta(days=5)),
        ("gpt-4o-mini", 3, 2, now - timedelta(days=10)),
    ]


async def test_what_sources_say(url: str) -> None:
    async with await Store.open(url) as store:
        await store.quotes.save([a_quote("1"), a_quote("2", source="openrouter")])
        await store.quotes.save([a_quote("3"), a_quote("30", status="held", reason="a jump")])
    rows = await _query(url, "quotes.sql")
    assert [(row[2], row[3], float(row[4]), float(row[5]), row[7]) for row in rows] == [
        ("models.dev", "current", 3, 0.6, None),
        ("models.dev", "held", 30, 0.6, "a jump"),
        ("openrouter", "current", 2, 0.6, None),
    ]


async def test_events_of_a_week(url: str, now: datetime) -> None:
    async with await Store.open(url) as store:
        await store.events.add([an_event(key=str(days), at=now - timedelta(days=days)) for days in (9, 2, 1)])
    rows = await _query(url, "events.sql")
    assert [(_date(row[0]), *row[1:4]) for row in rows] == [
        (now - timedelta(days=days), "model_appeared", "warning", "openai") for days in (1, 2)
    ]


async def test_spending_by_day(filled: str, now: datetime) -> None:
    rows = await _query(filled, "spend.sql")
    found = [(_date(row[0]).date(), *row[1:3], round(float(row[3]), 9), *row[4:]) for row in rows]
    earlier = (now - 48 * HOUR).date()
    assert found[0] == (earlier, "sql", "groq", 0.000_135, 1, 0)
    assert sum(row[3] for row in found[1:]) == pytest.approx(0.000_27)
    assert sum(row[4] for row in found[1:]) == 4
    assert sum(row[5] for row in found[1:]) == 2


async def test_where_the_time_goes(filled: str) -> None:
    groq, openai = await _query(filled, "reported_times.sql")
    assert (*openai[:2], *map(float, openai[2:])) == (
        "openai", "gpt-4o-mini", 2, pytest.approx(2400), pytest.approx(20), pytest.approx(110),
        pytest.approx(1600), pytest.approx(690),
    )  # fmt: skip
    assert groq[:3] == ("groq", "llama", 1)


def _date(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def test_every_query_is_there_for_both_databases() -> None:
    postgresql, sqlite = (
        sorted(path.name for path in (SQL / folder).iterdir()) for folder in ("postgresql", "sqlite")
    )
    assert postgresql == sqlite
    assert len(postgresql) == 11


@pytest.mark.parametrize(
    "sql",
    [
        # Digits of an average, quantiles and standard deviations: what dashboards ask of these columns.
        """SELECT provider, ROUND(AVG(total_latency_ms), 2), ROUND(AVG(ttft_ms), 2), ROUND(AVG(tps), 2),
        COUNT(*) FROM benchmark_results WHERE created_at >= NOW() - INTERVAL '24 hours' GROUP BY provider""",
        """SELECT ROUND(AVG(total_latency_ms)::numeric, 2), STDDEV_POP(total_latency_ms),
        PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY ttft_ms) FROM benchmark_results""",
        """SELECT r.id, r.run_name, r.triggered_by, r.started_at, r.finished_at, COUNT(br.id)
        FROM runs r LEFT JOIN benchmark_results br ON br.run_id = r.id
        WHERE r.finished_at IS NULL GROUP BY r.id ORDER BY r.started_at DESC""",
        """SELECT p.id, p.name, p.base_url, p.logo_url, p.created_at, m.id, m.name, m.context_window,
        m.created_at FROM providers p JOIN models m ON m.provider_id = p.id""",
        """SELECT m.name, pr.input_price_per_m, pr.output_price_per_m, pr.timestamp FROM prices pr
        JOIN models m ON pr.model_id = m.id AND pr.provider_id = m.provider_id ORDER BY pr.timestamp DESC""",
        """SELECT br.id, br.run_id, br.provider, br.model, br.input_tokens, br.output_tokens,
        br.total_latency_ms, br.ttft_ms, br.tps, br.status_code, br.success, br.error_message,
        br.response_text, br.cost_usd, br.created_at FROM benchmark_results br JOIN runs r ON r.id = br.run_id
        JOIN providers p ON p.id = br.provider_id JOIN models m ON m.id = br.model_id WHERE br.success IS NOT
        TRUE OR br.status_code >= 400 ORDER BY br.created_at DESC LIMIT 20""",
    ],
)
async def test_queries_that_people_have(postgres_url: str, sql: str) -> None:
    await execute(postgres_url, sql)


async def test_the_types_on_postgresql(postgres_url: str) -> None:
    rows = await execute(
        postgres_url,
        """SELECT table_name || '.' || column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public'""",
    )
    types = {str(name): str(kind) for name, kind in rows}
    for table in ("providers", "models", "prices", "runs", "benchmark_results"):
        assert types[f"{table}.id"] == "uuid"
    for column in ("cost_usd", "total_latency_ms", "ttft_ms", "tps"):
        assert types[f"benchmark_results.{column}"] == "numeric"
    for date in ("benchmark_results.created_at", "prices.timestamp", "runs.started_at", "runs.finished_at"):
        assert types[date] == "timestamp with time zone"
    assert types["benchmark_results.success"] == "boolean"
    assert types["benchmark_results.input_tokens"] == "bigint"


@pytest.mark.parametrize(
    ("deleted", "left"),
    [("providers", (0, 0, 0, 2)), ("models", (1, 0, 0, 2)), ("runs", (1, 1, 1, 0))],
)
async def test_what_goes_with_a_row_that_somebody_deletes(
    url: str, deleted: str, left: tuple[int, ...]
) -> None:
    """Models and prices go with their provider, results with their run; results outlive provider and
    model."""
    async with await Store.open(url) as store:
        run = await store.runs.start(run_name="sql", triggered_by="cli", suite="quick")
        for _ in range(2):
            await store.results.add(a_sample(run))
        price = a_plain_price("1", "1", at=datetime.now(UTC))
        await store.prices.record(a_target(), price)
        await execute(url, f"DELETE FROM {deleted}")
        counts = [
            (await execute(url, f"SELECT COUNT(*) FROM {table}"))[0][0]
            for table in ("providers", "models", "prices", "benchmark_results")
        ]
        assert tuple(counts) == left


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("models", "provider_id"),
        ("prices", "provider_id"),
        ("prices", "model_id"),
        ("prices", "timestamp"),
        ("benchmark_results", "run_id"),
        ("benchmark_results", "provider_id"),
        ("benchmark_results", "model_id"),
        ("benchmark_results", "provider"),
        ("benchmark_results", "model"),
        ("benchmark_results", "created_at"),
        ("providers", "name"),
        ("models", "name"),
        ("runs", "run_name"),
    ],
)
async def test_there_is_an_index_that_begins_with(postgres_url: str, table: str, column: str) -> None:
    found = await execute(
        postgres_url,
        f"""SELECT 1 FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = '{table}'::regclass AND a.attname = '{column}' AND i.indpred IS NULL""",
    )
    assert found
