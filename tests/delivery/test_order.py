"""Samples are delivered in the order of storing, and each process goes on where the last one stopped."""

from __future__ import annotations

import asyncio

from probe.delivery.delivery import Delivery, MemoryCursors
from probe.delivery.streams import streams
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.delivery.collecting import Add, Collector, delivered, delivering
from tests.exporters.samples import NOW, make_sample


async def test_delivers_what_is_stored_in_the_order_of_storing(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(5)
    async with delivering(store, collector, store.delivery) as delivery:
        await collector.until(lambda: len(collector.samples) == 5)
        ids += await add(3)
        delivery.wake()
        await collector.until(lambda: len(collector.samples) == 8)
    assert collector.ids == ids
    assert collector.samples[0].timing.chunk_gaps_seconds == make_sample().timing.chunk_gaps_seconds


async def test_a_long_backlog_comes_in_batches(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(450)
    async with delivering(store, collector, store.delivery):
        await collector.until(lambda: len(collector.samples) == 450)
    assert collector.ids == ids
    assert collector.sizes == [200, 250], "more at once where there is more"


async def test_no_more_at_once_than_is_told(store: Store, add: Add) -> None:
    collector = Collector()
    await add(450)
    delivery = Delivery(
        "collector", streams(collector, store), store.delivery, FakeClock(NOW), most_at_once=100
    )
    task = asyncio.create_task(delivery.run())
    await collector.until(lambda: len(collector.samples) == 450)
    task.cancel()
    await asyncio.wait([task])
    assert collector.sizes == [200, 100, 100, 50]


async def test_the_next_process_goes_on_where_the_last_one_stopped(store: Store, add: Add) -> None:
    first, second = Collector(), Collector()
    await add(3)
    async with delivering(store, first, store.delivery) as delivery:
        await first.until(lambda: len(first.samples) == 3)
        await delivered(delivery, 3)
    assert await store.delivery.position("collector") == 3
    later = await add(2)
    async with delivering(store, second, store.delivery):
        await second.until(lambda: len(second.samples) == 2)
    assert second.ids == later


async def test_a_memory_cursor_starts_where_it_is_told(store: Store, add: Add) -> None:
    collector = Collector()
    await add(3)
    cursors = MemoryCursors(await store.results.last_sequence())
    later = await add(2)
    async with delivering(store, collector, cursors):
        await collector.until(lambda: len(collector.samples) == 2)
    assert collector.ids == later
    assert await store.delivery.position("collector") == 0, "it is nobody's business but the process's"
