"""Samples on their way from a real store to an exporter that can fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from probe.catalog.history import PriceEntry
from probe.clock import FakeClock
from probe.delivery import Cursors, Delivery, MemoryCursors
from probe.errors import ExportError, StoreUnavailable
from probe.event import Event
from probe.journals import lines
from probe.pricing.rows import record_of
from probe.sample import Sample
from probe.store import Journal, Store, StoredSample
from tests.daemons import until
from tests.exporters.samples import NOW, TARGET, make_sample
from tests.store.knowledge import a_price, an_event


class Collector:
    """An exporter that keeps what it gets, and refuses as it is told."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.calls = 0
        self.sizes: list[int] = []
        self.refuse: Callable[[Sequence[Sample]], BaseException | None] = lambda _: None
        self._changed = asyncio.Condition()

    async def export(self, samples: Sequence[Sample], /) -> None:
        async with self._changed:
            self.calls += 1
            self.sizes.append(len(samples))
            self._changed.notify_all()
            error = self.refuse(samples)
            if error is not None:
                raise error
            self.samples.extend(samples)

    async def aclose(self) -> None: ...

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once that holds after a call."""
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(holds)

    @property
    def ids(self) -> list[UUID]:
        return [sample.id for sample in self.samples]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'probe.db'}") as store:
        yield store


@pytest.fixture
async def add(store: Store) -> Callable[[int], Awaitable[list[UUID]]]:
    """Stores so many samples, in order."""
    run = await store.start_run(run_name="test", triggered_by="test", suite="quick")

    async def add(count: int) -> list[UUID]:
        samples = [make_sample(run_id=run, at=NOW + timedelta(seconds=n)) for n in range(count)]
        for sample in samples:
            await store.add(sample)
        return [sample.id for sample in samples]

    return add


Add = Callable[[int], Awaitable[list[UUID]]]


@asynccontextmanager
async def delivering(
    stored: Any, exporter: Collector, cursors: Cursors, clock: FakeClock | None = None
) -> AsyncIterator[Delivery]:
    delivery = Delivery("collector", lines(exporter, stored), cursors, clock or FakeClock(NOW))
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_delivers_what_is_stored_in_the_order_of_storing(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(5)
    async with delivering(store, collector, store) as delivery:
        await collector.until(lambda: len(collector.samples) == 5)
        ids += await add(3)
        delivery.wake()
        await collector.until(lambda: len(collector.samples) == 8)
    assert collector.ids == ids
    assert collector.samples[0].timing.chunk_gaps_seconds == make_sample().timing.chunk_gaps_seconds


async def test_a_long_backlog_comes_in_batches(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(450)
    async with delivering(store, collector, store):
        await collector.until(lambda: len(collector.samples) == 450)
    assert collector.ids == ids
    assert collector.sizes == [200, 250], "more at once where there is more"


async def test_no_more_at_once_than_is_told(store: Store, add: Add) -> None:
    collector = Collector()
    await add(450)
    delivery = Delivery("collector", lines(collector, store), store, FakeClock(NOW), most_at_once=100)
    task = asyncio.create_task(delivery.run())
    await collector.until(lambda: len(collector.samples) == 450)
    task.cancel()
    await asyncio.wait([task])
    assert collector.sizes == [200, 100, 100, 50]


async def test_the_next_process_goes_on_where_the_last_one_stopped(store: Store, add: Add) -> None:
    first, second = Collector(), Collector()
    await add(3)
    async with delivering(store, first, store) as delivery:
        await first.until(lambda: len(first.samples) == 3)
        await delivered(delivery, 3)
    assert await store.cursor("collector") == 3
    later = await add(2)
    async with delivering(store, second, store):
        await second.until(lambda: len(second.samples) == 2)
    assert second.ids == later


async def test_an_outage_costs_time_and_no_sample(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    collector.refuse = lambda _: ExportError("the sink is out") if collector.calls < 4 else None
    ids = await add(3)
    async with delivering(store, collector, store, clock) as delivery:
        await collector.until(lambda: collector.calls == 3)
        assert delivery.status().last_error == "the sink is out"
        assert delivery.status().pending == 3
        await collector.until(lambda: len(collector.samples) == 3)
        await delivered(delivery, 3)
        status = delivery.status()
    assert collector.ids == ids
    assert (status.errors, status.refused, status.last_error) == (3, 0, None)
    assert clock.monotonic_ns() == 7_000_000_000, "one second, two, four"
    assert status.last_delivery_at == NOW + timedelta(seconds=7)


async def test_says_how_old_the_oldest_is_that_waits(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    collector.refuse = lambda _: ExportError("the sink is out") if collector.calls < 4 else None
    async with delivering(store, collector, store, clock) as delivery:
        assert delivery.status().oldest_pending_seconds is None, "nobody has looked yet"
        await add(2)
        clock.advance(100)
        delivery.wake()
        await collector.until(lambda: collector.calls == 1)
        ended = make_sample(at=NOW).ended_at
        assert delivery.status().oldest_pending_seconds == (clock.now() - ended).total_seconds() > 90
        await collector.until(lambda: len(collector.samples) == 2)
        await delivered(delivery, 2)
        assert delivery.status().oldest_pending_seconds == 0


async def test_pauses_grow_to_a_minute_and_respect_what_the_sink_asks_for(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    waited: list[int] = []

    def refuse(_: Sequence[Sample]) -> Exception | None:
        waited.append(clock.monotonic_ns() // 10**9)
        return ExportError("busy", retry_after_seconds=300 if len(waited) == 9 else None)

    collector.refuse = refuse
    await add(1)
    async with delivering(store, collector, store, clock):
        await collector.until(lambda: len(waited) >= 10)
    pauses = [after - before for before, after in pairwise(waited)]
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 300]


async def test_a_sink_that_asks_for_years_is_asked_again_within_the_hour(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    busy = ExportError("busy", retry_after_seconds=1e9)
    collector.refuse = lambda _: busy if collector.calls == 1 else None
    ids = await add(1)
    async with delivering(store, collector, store, clock):
        await collector.until(lambda: bool(collector.samples))
    assert (collector.ids, clock.monotonic_ns()) == (ids, 3600 * 10**9)


async def test_a_sample_that_will_never_be_accepted_is_left_out(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(9)
    poison = {ids[2], ids[7]}

    def refuse(samples: Sequence[Sample]) -> Exception | None:
        bad = poison & {sample.id for sample in samples}
        return ExportError("malformed", permanent=True) if bad else None

    collector.refuse = refuse
    async with delivering(store, collector, store) as delivery:
        await collector.until(lambda: len(collector.samples) == 7)
        await delivered(delivery, 7)
        status = delivery.status()
    assert collector.ids == [each for each in ids if each not in poison]
    assert await store.refused_counts() == {("collector", "results"): 2}
    assert (status.delivered, status.refused, status.errors) == (7, 2, 0)


async def test_a_failure_while_refused_samples_are_sought_begins_nothing_anew(store: Store, add: Add) -> None:
    """A sink that limits requests would never let as many pass in a row as the search takes."""
    collector = Collector()
    ids = await add(60)
    poison = set(ids[:50])

    def refuse(samples: Sequence[Sample]) -> Exception | None:
        if collector.calls % 9 == 0:
            return ExportError("too many requests")
        bad = poison & {sample.id for sample in samples}
        return ExportError("malformed", permanent=True) if bad else None

    collector.refuse = refuse
    async with delivering(store, collector, store) as delivery:
        await collector.until(lambda: len(collector.samples) == 10)
        await delivered(delivery, 10)
        assert delivery.status().refused == 50
    assert collector.ids == ids[50:], "each once"
    assert await store.refused_counts() == {("collector", "results"): 50}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError(), "unexpected ZeroDivisionError, see the log"),
        (asyncio.CancelledError(), "the exporter broke off its own work"),
    ],
)
async def test_a_defect_of_the_exporter_is_an_outage(
    store: Store, add: Add, error: BaseException, words: str
) -> None:
    collector = Collector()
    collector.refuse = lambda _: error if collector.calls < 3 else None
    ids = await add(2)
    async with delivering(store, collector, store) as delivery:
        await collector.until(lambda: collector.calls == 2)
        assert delivery.status().last_error == words
        await collector.until(lambda: len(collector.samples) == 2)
    assert collector.ids == ids


async def test_a_sample_on_which_the_exporter_fails_is_put_aside(store: Store, add: Add) -> None:
    """A mistake in an exporter must not hold back what it can take for ever."""
    collector, clock = Collector(), FakeClock(NOW)
    ids = await add(20)
    poison = {ids[4], ids[13]}

    def refuse(samples: Sequence[Sample]) -> BaseException | None:
        return ZeroDivisionError() if poison & {sample.id for sample in samples} else None

    collector.refuse = refuse
    async with delivering(store, collector, store, clock) as delivery:
        await delivered(delivery, 18)
        status = delivery.status()
    assert list(dict.fromkeys(collector.ids)) == [each for each in ids if each not in poison]
    assert (status.errors, status.refused, status.last_error) == (4, 2, None), "not before the fifth time"
    assert await store.refused_counts() == {("collector", "results"): 2}


async def test_the_latest_sample_waits_for_one_after_it_before_it_is_put_aside(
    store: Store, add: Add
) -> None:
    """Alone it could as well be the exporter that takes nothing."""
    collector, clock = Collector(), FakeClock(NOW)
    (bad,) = await add(1)
    collector.refuse = lambda samples: ZeroDivisionError() if samples[0].id == bad else None
    async with delivering(store, collector, store, clock) as delivery:
        await collector.until(lambda: collector.calls >= 7)
        assert delivery.status().refused == 0
        (good,) = await add(1)
        await delivered(delivery, 1)
    assert set(collector.ids) == {good}
    assert await store.refused_counts() == {("collector", "results"): 1}


async def test_an_exporter_that_fails_on_everything_loses_nothing(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    collector.refuse = lambda _: ZeroDivisionError() if collector.calls < 20 else None
    ids = await add(30)
    async with delivering(store, collector, store, clock) as delivery:
        await collector.until(lambda: len(collector.samples) >= 30)
        await delivered(delivery, 30)
    assert collector.ids == ids
    assert await store.refused_counts() == {}


async def test_an_exporter_that_comes_to_itself_during_the_search_loses_nothing(
    store: Store, add: Add
) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    # The fifth time both fail, then the first alone; the second one alone is taken.
    collector.refuse = lambda _: ZeroDivisionError() if collector.calls < 7 else None
    ids = await add(2)
    async with delivering(store, collector, store, clock) as delivery:
        await delivered(delivery, 2)
    assert set(collector.ids) == set(ids)
    assert await store.refused_counts() == {}


class Interrupted:
    """A journal that cannot be read for the first few times."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self._times = times

    async def samples_after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]:
        if self._times:
            self._times -= 1
            raise StoreUnavailable("the database is locked")
        return await self._store.samples_after(sequence, limit)

    async def last_sequence(self, journal: Journal = "results", /) -> int:
        return await self._store.last_sequence(journal)


async def test_a_store_that_cannot_be_read_is_waited_for(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(2)
    async with delivering(Interrupted(store, 3), collector, store) as delivery:
        await collector.until(lambda: len(collector.samples) == 2)
        await delivered(delivery, 2)
        assert delivery.status().errors == 3
    assert collector.ids == ids


class FactCollector(Collector):
    """Takes events and prices, too."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.prices: list[PriceEntry] = []

    async def export_events(self, events: Sequence[Event], /) -> None:
        await self._take(events, self.events)

    async def export_prices(self, prices: Sequence[PriceEntry], /) -> None:
        await self._take(prices, self.prices)

    async def _take(self, given: Sequence[Any], kept: list[Any]) -> None:
        async with self._changed:
            self.calls += 1
            error = self.refuse(given)
            if error is None:
                kept.extend(given)
            self._changed.notify_all()
        if error is not None:
            raise error


@pytest.fixture
async def facts(store: Store) -> list[UUID]:
    """Two events and a price."""
    events = [an_event(key=str(n), at=NOW - timedelta(seconds=n)) for n in (60, 30)]
    await store.add_events(events)
    await store.record_price(TARGET, record_of(a_price(), NOW - timedelta(seconds=90)))
    return [event.id for event in events]


async def test_events_and_prices_have_cursors_of_their_own(store: Store, add: Add, facts: list[UUID]) -> None:
    first, second = FactCollector(), FactCollector()
    ids = await add(3)
    async with delivering(store, first, store) as delivery:
        await first.until(lambda: len(first.samples) == 3)
        await delivered(delivery, 3)
        assert (delivery.status().delivered, delivery.status().pending) == (3, 0), "samples alone are counted"
    assert (first.ids, [event.id for event in first.events]) == (ids, facts)
    assert [entry.price.input_per_million_usd for entry in first.prices] == [Decimal("0.15")]
    await store.add_events([later := an_event(key="later")])
    async with delivering(store, second, store):
        await second.until(lambda: bool(second.events))
    assert ([event.id for event in second.events], second.samples, second.prices) == ([later.id], [], [])


async def test_an_outage_keeps_events_and_prices_too(store: Store, add: Add, facts: list[UUID]) -> None:
    collector, clock = FactCollector(), FakeClock(NOW)
    collector.refuse = lambda _: ExportError("the sink is out") if collector.calls < 4 else None
    await add(2)
    async with delivering(store, collector, store, clock) as delivery:
        await collector.until(lambda: collector.calls == 2)
        status = delivery.status()
        assert status.pending == 2, "known although another is refused first"
        assert status.oldest_pending_seconds is not None
        assert status.oldest_pending_seconds >= 90
        await collector.until(lambda: len(collector.samples) == 2)
        await delivered(delivery, 2)
        assert delivery.status().oldest_pending_seconds == 0
    assert ([event.id for event in collector.events], len(collector.prices)) == (facts, 1)


async def test_an_event_that_will_never_be_accepted_is_left_out(store: Store, facts: list[UUID]) -> None:
    collector = FactCollector()

    def refuse(given: Sequence[Any]) -> Exception | None:
        bad = any(each.id == facts[0] for each in given)
        return ExportError("malformed", permanent=True) if bad else None

    collector.refuse = refuse
    async with delivering(store, collector, store) as delivery:
        await collector.until(lambda: len(collector.events) == 1)
        await until(partial(_has_come_to, store, 2))
        assert delivery.status().refused == 1
    assert [event.id for event in collector.events] == facts[1:]
    assert await store.refused_counts() == {("collector", "events"): 1}


async def _has_come_to(store: Store, sequence: int) -> bool:
    return await store.cursor("collector", "events") == sequence


async def test_a_memory_cursor_starts_where_it_is_told(store: Store, add: Add) -> None:
    collector = Collector()
    await add(3)
    cursors = MemoryCursors(await store.last_sequence())
    later = await add(2)
    async with delivering(store, collector, cursors):
        await collector.until(lambda: len(collector.samples) == 2)
    assert collector.ids == later
    assert await store.cursor("collector") == 0, "it is nobody's business but the process's"


async def delivered(delivery: Delivery, count: int) -> None:
    """Returns once the delivery has finished its step."""
    async with asyncio.timeout(20):
        # Nobody but a test waits for the end of a step, so there is no event for it.
        while delivery.status().delivered < count or delivery.status().pending:  # noqa: ASYNC110
            await asyncio.sleep(0)
