"""Model lists of real servers in real databases: what a whole one brings, and what becomes of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from probe.catalog.models.listed import ListedModel
from probe.discovery.sync import Discovery
from probe.errors import StoreUnavailable
from probe.facts.event import Event
from probe.lib.clock import FakeClock
from probe.lib.ids import new_id
from probe.store.store import Store
from tests.daemon.daemons import until
from tests.discovery.lists import Answer, Lists, failing, listed_provider, listing_server
from tests.discovery.requests import closing_providers, known, sync, sync_one, told
from tests.store.samples import NOW

DAY = timedelta(days=1)


# Whole lists ------------------------------------------------------------------------------------------------


async def test_the_first_list_is_kept_and_is_one_event(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say("a", "b", context_window=1000)
    report = await sync_one(store, clock, listed_provider(lists.url))
    assert (report.status, report.listed, report.first, report.appeared) == ("complete", 2, True, ())
    assert await told(store) == {("model_appeared", None)}
    assert report.events == (await store.events.page()).items
    found = await known(store)
    assert found["a"].listed.context_window == 1000
    assert (found["b"].first_seen_at, found["b"].last_seen_at, found["b"].vanished_at) == (NOW, NOW, None)
    (row,) = await store.discoveries.latest("acme")
    assert row.id == report.id
    assert (row.triggered_by, row.status, row.listed, row.error) == ("cli", "complete", 2, None)
    assert (row.started_at, row.finished_at) == (NOW, NOW)
    (provider,) = await store.catalog.providers()
    assert (provider.name, provider.base_url) == ("acme", lists.url)


async def test_the_next_list_is_compared_with_it(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say("a", "gone", context_window=1000)
    await sync_one(store, clock, listed_provider(lists.url))
    clock.advance(DAY.total_seconds())
    lists.say("a", "new", context_window=2000)
    report = await sync_one(store, clock, listed_provider(lists.url))
    assert (report.first, report.appeared, report.changed, report.vanished) == (
        False,
        ("new",),
        ("a",),
        ("gone",),
    )
    assert await told(store) == {
        ("model_appeared", None),
        ("model_appeared", "new"),
        ("model_changed", "a"),
        ("model_vanished", "gone"),
    }
    found = await known(store)
    assert (found["gone"].last_seen_at, found["gone"].vanished_at) == (NOW, NOW + DAY)
    assert (found["a"].first_seen_at, found["a"].last_seen_at) == (NOW, NOW + DAY)
    assert found["a"].listed.context_window == 2000
    row, _ = await store.discoveries.latest("acme")
    assert (row.listed, row.appeared, row.changed, row.vanished) == (2, 1, 1, 1)


async def test_a_model_that_returns(store: Store, clock: FakeClock, lists: Lists) -> None:
    for names in (["a", "b"], ["a"], ["a", "b"]):
        lists.say(*names)
        report = await sync_one(store, clock, listed_provider(lists.url))
        clock.advance(DAY.total_seconds())
    assert report.returned == ("b",)
    assert report.appeared == ()
    assert ("model_returned", "b") in await told(store)
    assert (await known(store))["b"].vanished_at is None


async def test_the_same_list_again_writes_no_event(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say("a", "b")
    await sync_one(store, clock, listed_provider(lists.url, "a", "unlisted"))
    before = (await store.events.page()).items
    clock.advance(DAY.total_seconds())
    report = await sync_one(store, clock, listed_provider(lists.url, "a", "unlisted"))
    assert report.events == ()
    assert (await store.events.page()).items == before


async def test_two_daemons_tell_the_same_news_once(
    url: str, store: Store, clock: FakeClock, lists: Lists
) -> None:
    """Both compare with the same list, and both write."""
    lists.say("a", "b", context_window=1000)
    asked = [listed_provider(lists.url, "b"), listed_provider(lists.url, "b")]
    async with await Store.open(url, clock=clock, owner="other") as other, closing_providers(*asked):
        await Discovery(store, clock).sync(asked[:1], "schedule")
        lists.say("a", "c", context_window=2000)
        clock.advance(DAY.total_seconds())
        reports = await asyncio.gather(
            Discovery(store, clock).sync(asked[:1], "schedule"),
            Discovery(other, clock).sync(asked[1:], "schedule"),
        )
        assert all(report.complete for (report,) in reports)
        news = [event for event in (await store.events.page()).items if event.at == NOW + DAY]
        assert sorted((event.kind, event.model or "") for event in news) == [
            ("model_appeared", "c"),
            ("model_changed", "a"),
            ("probed_model_vanished", "b"),
        ]
        assert len([event for (report,) in reports for event in report.events]) == len(news)


async def test_a_name_that_no_database_can_hold_is_the_same_model_each_time(
    store: Store, clock: FakeClock, lists: Lists
) -> None:
    lists.say("a\0b", "\ud800")
    await sync_one(store, clock, listed_provider(lists.url))
    report = await sync_one(store, clock, listed_provider(lists.url))
    assert (report.listed, report.appeared, report.vanished) == (2, (), ())


async def test_a_list_of_ten_megabytes_is_read(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say(*[f"m-{number}" for number in range(2000)], description="x" * 5000)
    report = await sync_one(store, clock, listed_provider(lists.url))
    assert (report.status, report.listed) == ("complete", 2000)


# Probed models ----------------------------------------------------------------------------------------------


async def test_a_probed_model_that_vanishes(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say("a", "m-20260101")
    await sync_one(store, clock, listed_provider(lists.url, "m"))
    lists.say("a")
    report = await sync_one(store, clock, listed_provider(lists.url, "m"))
    (event,) = report.events
    assert (event.kind, event.severity, event.model) == ("probed_model_vanished", "critical", "m")
    assert report.vanished == ("m-20260101",)


async def test_a_probed_model_whose_retirement_moves(store: Store, clock: FakeClock, lists: Lists) -> None:
    """In the dialect whose lists have such days."""
    lists.answer = anthropic_page("m", retires_at=(NOW + 40 * DAY).isoformat())
    asked = listed_provider(lists.url, "m", dialect="anthropic-messages")
    async with closing_providers(asked):
        discovery = Discovery(store, clock)
        await discovery.sync([asked], "cli")
        assert await told(store) == {("model_appeared", None)}
        clock.advance(11 * DAY.total_seconds())
        (report,) = await discovery.sync([asked], "cli")
        (event,) = report.events
        assert (event.kind, event.severity) == ("probed_model_retiring", "warning")
        (report,) = await discovery.sync([asked], "cli")
        assert report.events == ()
        lists.answer = anthropic_page("m", retires_at=(NOW + 41 * DAY).isoformat())
        (report,) = await discovery.sync([asked], "cli")
        assert [event.kind for event in report.events] == ["model_retiring", "probed_model_retiring"]
    assert (await known(store))["m"].listed.retires_on == (NOW + 41 * DAY).date()


async def test_a_retirement_comes_near_also_while_lists_fail(
    store: Store, clock: FakeClock, lists: Lists
) -> None:
    lists.answer = anthropic_page("m", retires_at=(NOW + 40 * DAY).isoformat())
    asked = listed_provider(lists.url, "m", dialect="anthropic-messages")
    async with closing_providers(asked):
        await Discovery(store, clock).sync([asked], "cli")
        clock.advance(30 * DAY.total_seconds())
        lists.answer = failing(b"503 Service Unavailable")
        (report,) = await Discovery(store, clock).sync([asked], "cli")
    assert [event.kind for event in report.events] == ["listing_failed", "probed_model_retiring"]


def anthropic_page(name: str, **fields: object) -> Answer:
    entry = {"type": "model", "id": name, "display_name": name, **fields}
    return lambda *_: {"data": [entry], "has_more": False, "first_id": name, "last_id": name}


# Several providers ------------------------------------------------------------------------------------------


async def test_one_provider_s_trouble_is_no_other_s(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.say("a")
    with listing_server() as broken:
        broken.answer = failing(b"500 Internal Server Error")
        reports = await sync(
            store, clock, listed_provider(broken.url, name="broken"), listed_provider(lists.url, name="good")
        )
    assert [(report.provider, report.status) for report in reports] == [
        ("broken", "failed"),
        ("good", "complete"),
    ]


async def test_a_few_are_asked_at_a_time(store: Store, clock: FakeClock, lists: Lists) -> None:
    asked = [listed_provider(lists.url, name=f"p-{number}") for number in range(10)]
    lists.answer = lists.hang
    reports: list[str] = []
    async with closing_providers(*asked):
        discovery = Discovery(store, clock)
        begun = await discovery.start(asked, "cli")
        assert [row.status for row in await store.discoveries.latest()] == ["running"] * 10
        work = asyncio.create_task(discovery.run(begun, lambda report: reports.append(report.provider)))
        await until(lambda: len(lists.asked) == 4)
        await asyncio.sleep(0.2)  # a fifth would come now
        assert len(lists.asked) == 4
        lists.say("a")
        lists.release()
        done = await work
    assert [report.provider for report in done] == [each.name for each in asked]
    assert sorted(reports) == sorted(each.name for each in asked)


async def test_what_is_cancelled_ends_its_rows_and_removes_nothing(
    store: Store, clock: FakeClock, lists: Lists
) -> None:
    lists.say("a")
    asked = listed_provider(lists.url)
    async with closing_providers(asked):
        await Discovery(store, clock).sync([asked], "cli")
        clock.advance(1)
        lists.answer = lists.hang
        work = asyncio.create_task(Discovery(store, clock).sync([asked], "cli"))
        await asyncio.to_thread(lists.hanging.wait, 30)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    row, _ = await store.discoveries.latest()
    assert (row.status, row.error) == ("failed", "broken off")
    assert (await known(store))["a"].vanished_at is None
    assert ("listing_failed", None) not in await told(store)


async def test_a_database_that_hangs_holds_up_the_end_once(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [listed_provider("http://127.0.0.1:9", name=name) for name in ("a", "b", "c")]
    discovery = Discovery(store, clock)
    request: list[UUID] = []

    async def hang(discovery_id: UUID, **_: Any) -> tuple[Event, ...]:
        request.append(discovery_id)
        await asyncio.Event().wait()
        return ()

    async with closing_providers(*asked):
        begun = await discovery.start(asked, "cli")
        monkeypatch.setattr("probe.discovery.sync._LAST_TRY_SECONDS", 0.01)
        monkeypatch.setattr(store.discoveries, "finish", hang)
        await discovery.abort(begun)
        await discovery.abort(begun)
    assert request == [begun[0].id], "the next start closes them"


# Prices -----------------------------------------------------------------------------------------------------


class Till:
    """Takes prices, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken: list[tuple[str, list[str], datetime]] = []
        self._error = error

    async def take(self, provider: str, listed: Sequence[ListedModel], at: datetime, /) -> Sequence[Event]:
        if self._error is not None:
            raise self._error
        self.taken.append((provider, [model.id for model in listed], at))
        return [Event(id=new_id(at), at=at, kind="price_changed", text="dearer", data={"usd": Decimal(1)})]


async def test_a_whole_list_is_handed_on_for_its_prices(store: Store, clock: FakeClock, lists: Lists) -> None:
    till = Till()
    lists.say("a", "b")
    report = await sync_one(store, clock, listed_provider(lists.url), prices=till)
    assert till.taken == [("acme", ["a", "b"], NOW)]
    assert [event.kind for event in report.events] == ["model_appeared", "price_changed"]
    lists.answer = failing(b"500 Internal Server Error")
    await sync_one(store, clock, listed_provider(lists.url), prices=till)
    assert len(till.taken) == 1


async def test_prices_that_cannot_be_stored_do_not_undo_the_list(
    store: Store, clock: FakeClock, lists: Lists
) -> None:
    lists.say("a")
    report = await sync_one(store, clock, listed_provider(lists.url), prices=Till(StoreUnavailable("full")))
    assert report.complete
    assert (await store.discoveries.latest())[0].status == "complete"


# The database -----------------------------------------------------------------------------------------------


class LettingGo(FakeClock):
    """Whoever waits for the database is let in."""

    def __init__(self, lock: sqlite3.Connection) -> None:
        super().__init__(NOW)
        self._lock = lock

    async def sleep(self, seconds: float, /) -> None:
        self._lock.rollback()
        await super().sleep(seconds)


async def test_a_list_waits_for_a_locked_database(sqlite_url: str, lists: Lists) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as lock:
        clock = LettingGo(lock)
        async with await Store.open(sqlite_url, clock=clock, patience_seconds=0.1) as store:
            lists.say("a")
            asked = listed_provider(lists.url)
            async with closing_providers(asked):
                discovery = Discovery(store, clock)
                begun = await discovery.start([asked], "cli")
                lock.execute("BEGIN IMMEDIATE")
                (report,) = await discovery.run(begun)
            assert report.complete
            assert list(await known(store)) == ["a"]


async def test_without_a_database_nobody_is_asked(sqlite_url: str, lists: Lists) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as lock:
        async with await Store.open(sqlite_url, patience_seconds=0.1) as store:
            lock.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await sync_one(store, FakeClock(NOW), listed_provider(lists.url))
            lock.rollback()
    assert lists.asked == []


async def test_a_row_that_a_crash_left_open_is_closed_at_the_next_start(url: str, clock: FakeClock) -> None:
    async with await Store.open(url, clock=clock, owner="daemon") as store:
        await store.discoveries.start("acme", "schedule")
    async with await Store.open(url, clock=clock, owner="daemon") as store:
        await store.runs.close_interrupted()
        (row,) = await store.discoveries.latest("acme")
        assert row.status == "interrupted"
        assert await known(store) == {}
