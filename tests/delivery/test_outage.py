"""A sink that is out, and a store that cannot be read, cost time alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

from probe.errors import ExportError, StoreUnavailable
from probe.facts.sample import Sample
from probe.lib.clock import FakeClock
from probe.store.records import StoredSample
from probe.store.results import ResultStore
from probe.store.store import Store
from tests.delivery.collecting import Add, Collector, delivered, delivering
from tests.exporters.samples import NOW, make_sample


async def test_an_outage_costs_time_and_no_sample(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    collector.refuse = lambda _: ExportError("the sink is out") if collector.calls < 4 else None
    ids = await add(3)
    async with delivering(store, collector, store.delivery, clock) as delivery:
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
    async with delivering(store, collector, store.delivery, clock) as delivery:
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
    async with delivering(store, collector, store.delivery, clock):
        await collector.until(lambda: len(waited) >= 10)
    pauses = [after - before for before, after in pairwise(waited)]
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 300]


async def test_a_sink_that_asks_for_years_is_asked_again_within_the_hour(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    busy = ExportError("busy", retry_after_seconds=1e9)
    collector.refuse = lambda _: busy if collector.calls == 1 else None
    ids = await add(1)
    async with delivering(store, collector, store.delivery, clock):
        await collector.until(lambda: bool(collector.samples))
    assert (collector.ids, clock.monotonic_ns()) == (ids, 3600 * 10**9)


class Interrupted:
    """Results that cannot be read for the first few times."""

    def __init__(self, results: ResultStore, times: int) -> None:
        self._results = results
        self._times = times
        self.last_sequence = results.last_sequence

    async def after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]:
        if self._times:
            self._times -= 1
            raise StoreUnavailable("the database is locked")
        return await self._results.after(sequence, limit)


async def test_a_store_that_cannot_be_read_is_waited_for(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(2)
    stored = SimpleNamespace(results=Interrupted(store.results, 3), events=store.events, prices=store.prices)
    async with delivering(stored, collector, store.delivery) as delivery:
        await collector.until(lambda: len(collector.samples) == 2)
        await delivered(delivery, 2)
        assert delivery.status().errors == 3
    assert collector.ids == ids
