"""Events and prices, over cursors of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from probe.catalog.prices.price import DatedPrice, PriceEntry
from probe.errors import ExportError
from probe.facts.event import Event
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.daemon.daemons import until
from tests.delivery.collecting import Add, Collector, delivered, delivering
from tests.exporters.samples import NOW, TARGET
from tests.store.knowledge import a_price, an_event


class FactCollector(Collector):
    takes = frozenset({"results", "events", "prices"})

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
    await store.events.add(events)
    await store.prices.record(TARGET, DatedPrice(NOW - timedelta(seconds=90), a_price()))
    return [event.id for event in events]


async def test_events_and_prices_have_cursors_of_their_own(store: Store, add: Add, facts: list[UUID]) -> None:
    first, second = FactCollector(), FactCollector()
    ids = await add(3)
    async with delivering(store, first, store.delivery) as delivery:
        await first.until(lambda: len(first.samples) == 3)
        await delivered(delivery, 3)
        assert (delivery.status().delivered, delivery.status().pending) == (3, 0), "samples alone are counted"
    assert (first.ids, [event.id for event in first.events]) == (ids, facts)
    assert [entry.price.rates.input_per_million_usd for entry in first.prices] == [Decimal("0.15")]
    await store.events.add([later := an_event(key="later")])
    async with delivering(store, second, store.delivery):
        await second.until(lambda: bool(second.events))
    assert ([event.id for event in second.events], second.samples, second.prices) == ([later.id], [], [])


async def test_an_outage_keeps_events_and_prices_too(store: Store, add: Add, facts: list[UUID]) -> None:
    collector, clock = FactCollector(), FakeClock(NOW)
    collector.refuse = lambda _: ExportError("the sink is out") if collector.calls < 4 else None
    await add(2)
    async with delivering(store, collector, store.delivery, clock) as delivery:
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
    async with delivering(store, collector, store.delivery) as delivery:
        await collector.until(lambda: len(collector.events) == 1)
        await until(partial(_has_come_to, store, 2))
        assert delivery.status().refused == 1
    assert [event.id for event in collector.events] == facts[1:]
    assert await store.delivery.refused_counts() == {("collector", "events"): 1}


async def _has_come_to(store: Store, sequence: int) -> bool:
    return await store.delivery.position("collector", "events") == sequence
