"""Events and prices in the order of storing, for delivery; what of them has to be kept for an exporter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from probe.catalog.prices.price import DatedPrice
from probe.store.records import Journal
from probe.store.store import Store
from tests.store.first import make_first
from tests.store.knowledge import a_price, an_event
from tests.store.samples import NOW, a_target
from tests.store.test_retention import Days

DAY = timedelta(days=1)
URLS = {"openai": "https://openai.test/v1", "groq": "https://groq.test/v1"}


async def _add_prices(store: Store, amounts: Sequence[int]) -> None:
    """One model's price of each of the last days, oldest first."""
    for days, amount in zip(count(len(amounts) - 1, -1), amounts, strict=False):
        await store.prices.record(a_target(), DatedPrice(NOW - days * DAY, a_price(str(amount))))


async def test_events_are_read_in_the_order_of_storing(store: Store) -> None:
    later, earlier = an_event(key="1"), an_event(key="2", at=NOW - DAY)
    await store.events.add([later])
    await store.events.add([an_event(key="1")])
    await store.events.add([earlier])
    (first, one), (second, other) = await store.events.after(0)
    assert (one.id, other.id) == (later.id, earlier.id)
    assert one == later
    assert first < second == await store.events.last_sequence()
    assert await store.events.after(first, 1) == ((second, other),)
    assert await store.events.after(second) == ()


async def test_prices_are_read_in_the_order_of_storing(store: Store) -> None:
    await _add_prices(store, [1, 2])
    await store.prices.record(a_target(), DatedPrice(NOW, a_price("2")))
    (first, one), (second, other) = await store.prices.after(0)
    assert (one.provider, one.model, one.at) == ("openai", "gpt-4o-mini", NOW - DAY)
    assert (one.price.rates.input_per_million_usd, other.price.rates.input_per_million_usd) == (
        Decimal(1),
        Decimal(2),
    )
    assert (one.price.source, one.price.tiers) == ("models.dev", a_price("1").tiers)
    assert await store.prices.after(first) == ((second, other),)
    assert await store.prices.last_sequence() == second


async def test_whoever_has_seen_a_number_misses_none_below_it(url: str) -> None:
    """Two programs write at once, and a third follows."""
    async with await Store.open(url) as one, await Store.open(url) as other, await Store.open(url) as reader:

        async def write(store: Store, name: str) -> None:
            for n in range(25):
                await store.events.add([an_event(key=f"{name} {n} {each}") for each in range(3)])
                priced = [
                    (provider, f"model-{name}", DatedPrice(NOW, a_price(str(n + 1)))) for provider in URLS
                ]
                await store.prices.record_all(priced if name == "one" else priced[::-1], URLS)

        writing = asyncio.gather(write(one, "one"), write(other, "other"))
        events = prices = 0
        while not writing.done():
            events = await _follow(reader.events.after, events)
            prices = await _follow(reader.prices.after, prices)
        await writing
        assert await _follow(reader.events.after, events) == 2 * 25 * 3
        assert await _follow(reader.prices.after, prices) == 2 * 25 * 2


async def _follow(after: Callable[[int, int], Awaitable[Sequence[tuple[int, object]]]], seen: int) -> int:
    """The last number now; every one since `seen` is there, as none is given out twice or left out here."""
    numbers = [number for number, _ in await after(seen, 1000)]
    assert numbers == list(range(seen + 1, seen + 1 + len(numbers)))
    return seen + len(numbers)


@pytest.mark.parametrize("journal", ["events", "prices"])
async def test_what_an_exporter_has_not_had_stays(store: Store, journal: Journal) -> None:
    await store.events.add([an_event(key=str(days), at=NOW - days * DAY) for days in range(9, -1, -1)])
    await _add_prices(store, range(1, 11))
    days = Days(events_days=4, prices_days=4)
    await store.delivery.begin("one", ["results", journal])
    await store.delivery.begin("results only", ["results"])
    await store.delivery.move("one", 2, journal)
    report = await store.retention.prune(days, ["one", "results only"])
    gone = {"events": report.events, "prices": report.prices}
    assert report.undelivered == 0
    assert gone[journal] == 2
    assert gone["prices" if journal == "events" else "events"] == 5, "nobody waits for it"
    report = await store.retention.prune(days, ["results only"])
    assert report.events + report.prices == 3


async def test_but_not_for_ever(store: Store) -> None:
    await store.events.add([an_event(key=str(days), at=NOW - days * DAY) for days in range(9, -1, -1)])
    await store.delivery.begin("one", ["events"])
    await store.delivery.begin("one", ["events"])
    await store.delivery.move("one", 2, "events")
    report = await store.retention.prune(Days(events_days=4, undelivered_days=2), ["one"])
    assert (report.events, report.undelivered) == (3, 1)
    assert store.retention.deleted_undelivered == 1
    assert (await store.events.after(0))[0].event.key == "6"


async def test_a_refused_event_is_forgotten_with_it(store: Store) -> None:
    events = [an_event(key=str(days), at=NOW - days * DAY) for days in (9, 1)]
    await store.events.add(events)
    await store.delivery.refuse("one", dict.fromkeys((event.id for event in events), "malformed"), "events")
    await store.retention.prune(Days(events_days=4))
    assert await store.delivery.refused_counts() == {("one", "events"): 1}


async def test_what_was_there_before_is_numbered(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'first.db'}"
    await make_first(url)
    async with await Store.open(url) as store:
        ((sequence, entry),) = await store.prices.after(0)
        assert (sequence, entry.provider, entry.price.source) == (1, "openai", "genai-prices")
        await store.prices.record(a_target(), DatedPrice(NOW, a_price("9")))
        assert [number for number, _ in await store.prices.after(0)] == [1, 2]
