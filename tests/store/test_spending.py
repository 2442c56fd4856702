"""What results cost, by provider and job, in a window; and what a request usually takes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from probe.facts.sample import Cost, Usage
from probe.lib.clock import FakeClock
from probe.store.engine import Database
from probe.store.spending import Spending, SpendRow, TypicalUsage
from probe.store.store import Store
from probe.store.url import parse_url
from tests.store.samples import NOW, a_failure, a_sample, a_target

HOUR = timedelta(hours=1)


def _cost(usd: str) -> Cost:
    return Cost(
        total_usd=Decimal(usd),
        input_price_per_million_usd=Decimal(1),
        output_price_per_million_usd=Decimal(1),
        price_source="test",
    )


async def _add(store: Store, run_name: str, *usd: str, **changes: Any) -> None:
    run = await store.runs.start(run_name=run_name, triggered_by="schedule", suite="quick")
    for amount in usd:
        await store.results.add(a_sample(run, cost=_cost(amount), **changes))
    await store.runs.finish(run, "finished")


def _ending(end: datetime) -> dict[str, Any]:
    return {"started_at": end - timedelta(seconds=2)}


async def test_spending_is_by_provider_and_job(store: Store) -> None:
    groq = a_target("groq/llama")
    await _add(store, "hourly", "0.1", "0.2")
    await _add(store, "hourly", "0.0000000001")
    await _add(store, "hourly", "5", target=groq)
    await _add(store, "daily", "7")
    assert await store.spending.by_job(NOW - HOUR) == (
        SpendRow(provider="groq", job="hourly", usd=Decimal(5), results=1),
        SpendRow(provider="openai", job="daily", usd=Decimal(7), results=1),
        SpendRow(provider="openai", job="hourly", usd=Decimal("0.3000000001"), results=3),
    )


async def test_a_charge_without_a_price_is_spent(store: Store) -> None:
    run = await store.runs.start(run_name="hourly", triggered_by="schedule", suite="quick")
    charge = Cost(
        total_usd=Decimal("0.5"),
        input_price_per_million_usd=None,
        output_price_per_million_usd=None,
        price_source="charged",
    )
    sample = a_sample(run, cost=charge)
    await store.results.add(sample)
    stored = await store.results.get(sample.id)
    assert stored is not None
    assert stored.cost == charge
    (row,) = await store.spending.by_job(NOW - HOUR)
    assert (row.usd, row.results) == (Decimal("0.5"), 1)


async def test_a_cost_that_nobody_knows_adds_nothing(store: Store) -> None:
    run = await store.runs.start(run_name="hourly", triggered_by="schedule", suite="quick")
    await store.results.add(a_sample(run, cost=None))
    await store.results.add(a_failure(run))
    await store.results.add(a_sample(run, cost=_cost("0.25")))
    assert await store.spending.by_job(NOW) == (
        SpendRow(provider="openai", job="hourly", usd=Decimal("0.25"), results=3),
    )


@pytest.mark.parametrize(
    ("since", "until", "usd"),
    [
        (NOW - HOUR, None, "111"),
        (NOW, None, "110"),
        (NOW, NOW + HOUR, "10"),
        (NOW - HOUR, NOW, "1"),
        (NOW + HOUR, None, "100"),
        (NOW - HOUR, NOW + HOUR, "11"),
        (NOW - HOUR, NOW + 2 * HOUR, "111"),
    ],
)
async def test_the_end_of_the_attempt_decides(
    store: Store, clock: FakeClock, since: datetime, until: datetime | None, usd: str
) -> None:
    """One long run, with results before, at and after an instant."""
    run = await store.runs.start(run_name="long", triggered_by="cli", suite="quick")
    for hours, amount in ((-1, "1"), (0, "10"), (1, "100")):
        await store.results.add(a_sample(run, cost=_cost(amount), **_ending(NOW + hours * HOUR)))
    clock.advance(3600)
    await store.runs.finish(run, "finished")
    assert [row.usd for row in await store.spending.by_job(since, until)] == [Decimal(usd)]


async def test_a_run_that_goes_on_counts(store: Store, clock: FakeClock) -> None:
    run = await store.runs.start(run_name="long", triggered_by="cli", suite="quick")
    clock.advance(10 * 86_400)
    await store.results.add(a_sample(run, cost=_cost("3"), **_ending(clock.now())))
    assert [row.usd for row in await store.spending.by_job(clock.now() - HOUR)] == [Decimal(3)]


async def test_nothing_was_spent(store: Store, clock: FakeClock) -> None:
    await _add(store, "hourly", "1")
    clock.advance(40 * 86_400)
    assert await store.spending.by_job(clock.now() - timedelta(days=30)) == ()


async def test_sums_of_many_are_right(store: Store) -> None:
    """A thousand times a tenth of a cent is a dollar, in either database."""
    await _add(store, "hourly", *["0.001"] * 1000)
    assert [row.usd for row in await store.spending.by_job(NOW)] == [Decimal(1)]


async def test_usage_is_by_target_and_case(store: Store) -> None:
    run = await store.runs.start(run_name="hourly", triggered_by="schedule", suite="quick")
    for given, made in ((100, 10), (200, 15)):
        await store.results.add(a_sample(run, usage=Usage(input_tokens=given, output_tokens=made)))
    await store.results.add(a_sample(run, case_id="haiku", usage=Usage(input_tokens=7, output_tokens=0)))
    await store.results.add(a_sample(run, target=a_target("groq/llama")))
    assert await store.spending.typical_usage(NOW) == {
        ("openai/gpt-4o-mini", "capital"): TypicalUsage(input_tokens=150, output_tokens=12.5, results=2),
        ("openai/gpt-4o-mini", "haiku"): TypicalUsage(input_tokens=7, output_tokens=0, results=1),
        ("groq/llama", "capital"): TypicalUsage(input_tokens=500, output_tokens=100, results=1),
    }


async def test_what_nobody_counted_is_not_typical(store: Store) -> None:
    run = await store.runs.start(run_name="hourly", triggered_by="schedule", suite="quick")
    for usage in (Usage(), Usage(input_tokens=1), Usage(output_tokens=1)):
        await store.results.add(a_sample(run, usage=usage))
    await store.results.add(a_failure(run, usage=Usage(input_tokens=5, output_tokens=5)))
    await store.results.add(a_sample(run, **_ending(NOW - HOUR)))
    assert await store.spending.typical_usage(NOW - timedelta(minutes=1)) == {}


async def test_the_latest_results_are_typical(url: str) -> None:
    """However many there are, no more than so many are read."""
    async with await Store.open(url) as store:
        run = await store.runs.start(run_name="hourly", triggered_by="schedule", suite="quick")
        for minutes, given in ((3, 1000), (2, 10), (1, 20)):
            usage = Usage(input_tokens=given, output_tokens=1)
            await store.results.add(a_sample(run, usage=usage, **_ending(NOW - timedelta(minutes=minutes))))
    database = Database(parse_url(url))
    assert await Spending(database).typical_usage(NOW - HOUR, most=2) == {
        ("openai/gpt-4o-mini", "capital"): TypicalUsage(input_tokens=15, output_tokens=1, results=2)
    }
    await database.aclose()
