"""An event is written once, whoever says it again, and listed newest first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from probe.facts.event import Event
from probe.store.records import EventFilter
from probe.store.store import Store
from tests.store.knowledge import an_event
from tests.store.samples import NOW

MINUTE = timedelta(minutes=1)


async def test_an_event_comes_back_equal(store: Store) -> None:
    full = an_event()
    bare = Event(id=uuid4(), at=NOW - MINUTE, kind="price_source_failed", text="models.dev: HTTP 500")
    assert await store.events.add([full, bare]) == (full, bare)
    assert (await store.events.page()).items == (full, bare)


async def test_an_event_that_is_there_is_not_written_again(store: Store) -> None:
    first = an_event()
    again = replace(first, id=uuid4(), at=NOW + MINUTE, text="Another text.", severity="critical")
    assert await store.events.add([first]) == (first,)
    assert await store.events.add([again]) == ()
    assert (await store.events.page()).items == (first,)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "model_changed"},
        {"provider": "groq"},
        {"provider": None},
        {"model": None},
        {"scope": None},
        {"key": "2026-03-02"},
    ],
)
async def test_another_subject_or_key_is_another_event(store: Store, other: dict[str, str | None]) -> None:
    first, second = an_event(), an_event(**other)
    assert await store.events.add([first, second, replace(second, id=uuid4())]) == (first, second)


async def test_nothing_added_is_nothing_new(store: Store) -> None:
    assert await store.events.add([]) == ()


async def test_of_two_programs_with_the_same_news_one_is_first(url: str) -> None:
    """In whatever order each of them says it."""
    news = [an_event(key=str(index)) for index in range(200)]
    again = [replace(event, id=uuid4()) for event in reversed(news)]
    async with await Store.open(url) as one, await Store.open(url) as other:
        added = await asyncio.gather(one.events.add(news), other.events.add(again))
        assert sum(map(len, added)) == 200
        kept = {event.id for event in (await one.events.page(limit=1000)).items}
    assert kept == {event.id for events in added for event in events}


async def test_amounts_dates_and_ids_are_text_inside(store: Store) -> None:
    identifier = UUID("0d3b2c1a-0000-4000-8000-000000000001")
    data = {
        "exact": Decimal("0.1234567890123456789012345678901"),
        "small": Decimal("1E-9"),
        "at": NOW,
        "on": date(2026, 3, 1),
        "id": identifier,
        "list": (1, 2.5, None, True, {"deep": Decimal("1.50")}),
        "endless": float("inf"),
        "nul\0": "\ud800",
    }
    await store.events.add([an_event(data=data)])
    (event,) = (await store.events.page()).items
    assert event.data == {
        "exact": "0.1234567890123456789012345678901",
        "small": "0.000000001",
        "at": "2026-03-01T12:00:00+00:00",
        "on": "2026-03-01",
        "id": str(identifier),
        "list": [1, 2.5, None, True, {"deep": "1.5"}],
        "endless": None,
        "nul\ufffd": "\ufffd",
    }


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        (EventFilter(), "cba"),
        (EventFilter(kind="model_vanished"), "b"),
        (EventFilter(severity="critical"), "c"),
        (EventFilter(provider="groq"), "c"),
        (EventFilter(model="gpt-4o-mini"), "ca"),
        (EventFilter(scope="daily"), "a"),
        (EventFilter(since=NOW + MINUTE), "cb"),
        (EventFilter(until=NOW + MINUTE), "a"),
        (EventFilter(provider="openai", model="gpt-4o-mini"), "a"),
        (EventFilter(provider="nobody"), ""),
    ],
)
async def test_events_are_filtered(store: Store, chosen: EventFilter, keys: str) -> None:
    await store.events.add(
        [
            an_event(key="a", at=NOW, scope="daily"),
            an_event(key="b", at=NOW + MINUTE, kind="model_vanished", model="other"),
            an_event(key="c", at=NOW + 2 * MINUTE, provider="groq", severity="critical"),
        ]
    )
    assert [event.key for event in (await store.events.page(chosen)).items] == list(keys)


async def test_pages_hold_every_event_once(store: Store) -> None:
    """Also those of the same instant, and with events that come in between two pages."""
    added = [an_event(key=str(index), at=NOW + (index // 4) * MINUTE) for index in range(10)]
    await store.events.add(added)
    listed: list[Event] = []
    after = None
    while True:
        page = await store.events.page(limit=3, after=after)
        listed += page.items
        await store.events.add([an_event(key=f"later {len(listed)}", at=NOW + 60 * MINUTE)])
        after = page.next
        if after is None:
            break
    assert [event.at for event in listed] == sorted((event.at for event in added), reverse=True)
    assert {event.id for event in listed} == {event.id for event in added}
    assert len(listed) == 10


@pytest.mark.parametrize("nonsense", ["", "x", "12-not-a-uuid"])
async def test_a_cursor_of_another_listing_is_refused(store: Store, nonsense: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await store.events.page(after=nonsense)


async def test_an_instant_of_another_zone_is_the_same(store: Store) -> None:
    from_afar = datetime(2026, 3, 1, 12, tzinfo=UTC).astimezone()
    await store.events.add([an_event(at=from_afar)])
    (event,) = (await store.events.page(EventFilter(since=NOW, until=NOW + MINUTE))).items
    assert event.at == NOW
