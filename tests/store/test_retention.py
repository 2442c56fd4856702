"""Old rows go, in small steps; what is still needed stays."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.discoveries import DiscoveryEnd
from probe.store.retention import PruneReport
from probe.store.store import Store
from tests.store.knowledge import a_plain_price, a_quote, an_event
from tests.store.samples import NOW, a_sample, a_target, fill_sqlite
from tests.store.sql import execute

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    results_days: int | None = None
    undelivered_days: int | None = None
    runs_days: int | None = None
    prices_days: int | None = None
    discoveries_days: int | None = None
    events_days: int | None = None


@pytest.fixture
async def history(store: Store, clock: FakeClock) -> list[UUID]:
    """A run with one result on each of the last ten days, oldest first; the clock stands at the end."""
    ids = []
    clock.advance(-10 * 86_400)
    for _ in range(10):
        clock.advance(86_400)
        slot = Slot(job="benchmark", planned_at=clock.now())
        run_id = await store.runs.claim(slot, suite="quick")
        assert isinstance(run_id, UUID)
        await store.results.add(a_sample(run_id, started_at=clock.now()))
        clock.advance(60)
        await store.runs.finish(run_id, "finished")
        clock.advance(-60)
        ids.append(run_id)
    return ids


async def _runs(store: Store) -> set[UUID]:
    return {run.id for run in (await store.runs.page()).items}


async def _runs_of_results(store: Store) -> set[UUID]:
    return {sample.run_id for sample in (await store.results.page()).items}


async def test_nothing_goes_where_everything_is_kept(store: Store, history: list[UUID]) -> None:
    assert await store.retention.prune(Days()) == PruneReport(results=0, runs=0, slots=0, prices=0)
    assert await _runs_of_results(store) == set(history)


async def test_old_results_go(store: Store, history: list[UUID]) -> None:
    report = await store.retention.prune(Days(results_days=3))
    assert (report.results, report.runs, report.slots) == (6, 0, 0)
    assert await _runs_of_results(store) == set(history[6:])
    assert await _runs(store) == set(history)


async def test_a_run_stays_as_long_as_it_has_results(store: Store, history: list[UUID]) -> None:
    report = await store.retention.prune(Days(runs_days=3))
    assert (report.results, report.runs) == (0, 0)
    report = await store.retention.prune(Days(results_days=5, runs_days=3))
    assert (report.results, report.runs) == (4, 4)
    assert await _runs(store) == set(history[4:])


async def test_a_run_that_is_going_on_stays(store: Store, clock: FakeClock) -> None:
    run_id = await store.runs.start(run_name="long", triggered_by="cli", suite="quick")
    clock.advance(100 * 86_400)
    await store.retention.prune(Days(runs_days=1))
    assert await _runs(store) == {run_id}


async def test_the_last_slot_of_a_job_stays(store: Store, history: list[UUID], clock: FakeClock) -> None:
    clock.advance(1000 * 86_400)
    report = await store.retention.prune(Days(results_days=1, runs_days=1))
    assert (report.results, report.runs, report.slots) == (10, 10, 9)
    assert await store.runs.last_slot("benchmark") == Slot(job="benchmark", planned_at=NOW)


async def test_the_price_in_force_stays(store: Store) -> None:
    prices = [a_plain_price(str(days), "1", at=NOW - days * DAY) for days in (30, 20, 10)]
    for price in prices:
        await store.prices.record(a_target(), price)
    assert (await store.retention.prune(Days(prices_days=15))).prices == 2
    assert await store.prices.history("openai", "gpt-4o-mini") == (prices[2],)
    assert (await store.retention.prune(Days(prices_days=5))).prices == 0


async def test_quotes_that_no_longer_count_go_with_old_prices(store: Store, clock: FakeClock) -> None:
    await store.quotes.save([a_quote("1")])
    await store.quotes.save([a_quote("2")])
    await store.quotes.save([held := a_quote("3", status="held")])
    await store.quotes.decide({held.id: False}, NOW)
    clock.advance(20 * 86_400)
    await store.quotes.save([a_quote("4")])
    await store.quotes.save([a_quote("5", status="held")])
    assert (await store.retention.prune(Days(prices_days=30))).quotes == 0
    assert (await store.retention.prune(Days(prices_days=15))).quotes == 2
    left = await store.quotes.of("openai", "gpt-4o-mini")
    assert {quote.status: quote.price.rates.input_per_million_usd for quote in left} == {
        "superseded": Decimal(2),
        "current": Decimal(4),
        "held": Decimal(5),
    }


async def test_old_events_go(store: Store) -> None:
    await store.events.add([an_event(key=str(days), at=NOW - days * DAY) for days in range(600)])
    assert (await store.retention.prune(Days(events_days=9))).events == 590
    assert [event.key for event in (await store.events.page()).items] == list("0123456789")


async def test_the_last_good_discovery_of_a_provider_stays(store: Store, clock: FakeClock) -> None:
    """And the last of all: one tells how old the list is, the other why."""
    for provider, end in (
        ("openai", "complete"),
        ("openai", "complete"),
        ("openai", "failed"),
        ("openai", "failed"),
        ("groq", "failed"),
    ):
        discovery = await store.discoveries.start(provider, "schedule")
        status: DiscoveryEnd = "complete" if end == "complete" else "failed"
        await store.discoveries.finish(discovery, status=status, base_url="https://a.test/v1")
        clock.advance(86_400)
    going = await store.discoveries.start("mistral", "schedule")
    clock.advance(100 * 86_400)
    assert (await store.retention.prune(Days(discoveries_days=30))).discoveries == 2
    left = [(each.provider, each.status, each.started_at) for each in await store.discoveries.latest()]
    assert left == [
        ("mistral", "running", NOW + 5 * DAY),
        ("groq", "failed", NOW + 4 * DAY),
        ("openai", "failed", NOW + 3 * DAY),
        ("openai", "complete", NOW + DAY),
    ]
    await store.discoveries.finish(going, status="complete", base_url="https://a.test/v1")


async def test_results_that_come_in_meanwhile_are_stored(sqlite_url: str, clock: FakeClock) -> None:
    """SQLite has one writer: it has its turn between two batches."""
    async with await Store.open(sqlite_url, clock=clock) as store:
        run_id = await store.runs.start(run_name="much", triggered_by="cli", suite="quick")
        await asyncio.gather(*(store.results.add(a_sample(run_id)) for _ in range(2600)))
        clock.advance(10 * 86_400)
        fresh = [a_sample(run_id, started_at=clock.now()) for _ in range(5)]
        pruned = asyncio.create_task(store.retention.prune(Days(results_days=1)))
        await store.results.add(fresh[0])
        assert not pruned.done()
        for sample in fresh[1:]:
            await store.results.add(sample)
        assert (await pruned).results == 2600
        assert {sample.id for sample in (await store.results.page()).items} == {sample.id for sample in fresh}


async def test_the_file_gets_smaller(sqlite_url: str, clock: FakeClock) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    fill_sqlite(path, 3000, targets=3, end=NOW, span=10 * DAY)
    before = path.stat().st_size
    async with await Store.open(sqlite_url, clock=clock) as store:
        assert (await store.retention.prune(Days(results_days=1))).results == 2699
        assert len((await store.results.page(limit=1000)).items) == 301
    assert path.stat().st_size < before / 4
    assert await execute(sqlite_url, "PRAGMA integrity_check") == [("ok",)]
