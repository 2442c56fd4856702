"""Several daemons on one database: one of them delivers to an exporter, and another when that is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.delivery.collecting import Collector, delivered, delivering
from tests.exporters.samples import NOW, make_sample
from tests.store.conftest import postgres, postgres_template, postgres_url, sqlite_template, sqlite_url, url
from tests.store.sql import execute, lapse

__all__ = ["postgres", "postgres_template", "postgres_url", "sqlite_template", "sqlite_url", "url"]


async def test_each_result_is_delivered_once_by_whoever_has_the_lease(url: str) -> None:
    ids: list[UUID] = []

    async def add(store: Store, count: int) -> None:
        for _ in range(count):
            sample = make_sample(run_id=run, at=NOW + timedelta(seconds=len(ids)))
            await store.results.add(sample)
            ids.append(sample.id)

    clocks = FakeClock(NOW), FakeClock(NOW)
    here, there = Collector(), Collector()
    async with await Store.open(url, owner="one") as one, await Store.open(url, owner="two") as two:
        for store in (one, two):
            await store.delivery.begin("collector", ["results"])
        run = await one.runs.start(run_name="test", triggered_by="test", suite="quick")
        await add(one, 2)
        async with delivering(one, here, one.delivery, clocks[0]) as first:
            await delivered(first, 2)
            async with delivering(two, there, two.delivery, clocks[1]) as second:
                await add(two, 3)
                first.wake()
                second.wake()
                await delivered(first, 5)
                assert (there.calls, second.status().pending) == (0, None)
                await lapse(url, "one")
                for clock, delivery, waiting in ((clocks[1], second, 0), (clocks[0], first, None)):
                    clock.advance(10)
                    delivery.wake()
                    async with asyncio.timeout(60):
                        # Nobody but a test waits for the end of a step, so there is no event for it.
                        while delivery.status().pending != waiting:  # noqa: ASYNC110
                            await asyncio.sleep(0.01)
                await add(one, 2)
                first.wake()
                second.wake()
                await delivered(second, 2)
    assert here.ids + there.ids == ids
    rows = await execute(url, "SELECT position, carrier FROM delivery_cursors")
    assert [(position, carrier.partition("/")[0]) for position, carrier in rows] == [(7, "two")]


async def test_a_cursor_never_goes_back(url: str) -> None:
    async with await Store.open(url) as store:
        for sequence in (5, 3):
            await store.delivery.move("collector", sequence)
        assert await store.delivery.position("collector") == 5
