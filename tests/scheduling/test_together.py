"""Two daemons on one database: together they do and count what one would."""

from __future__ import annotations

import asyncio
from pathlib import Path

from probe.lib.clock import FakeClock
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.scheduling.scheduling import Figures, Handler, at, counts, dealt_with, figures, job, started


async def one_of(*handlers: Handler) -> None:
    """Until one of them is called: which of two timers goes off first is nobody's business."""
    calls = [asyncio.create_task(handler.called.wait()) for handler in handlers]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_job_runs_once_at_a_time_and_each_slot_is_counted_once(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db", clock=clock) as beside:
        first, second = Handler(store), Handler(beside)
        first.gate.clear()
        second.gate.clear()
        async with (
            started(store.runs, clock, job(first)) as one,
            started(beside.runs, clock, job(second)) as two,
        ):
            clock.advance(900)
            one.look("benchmark")
            two.look("benchmark")
            await one_of(first, second)
            for slots in (1, 2):
                clock.advance(900)
                two.look("benchmark")
                one.look("benchmark")
                while (await counts(store)).overlapped < slots:  # noqa: ASYNC110  the row is what is waited for
                    await asyncio.sleep(0)
            first.gate.set()
            second.gate.set()
            await dealt_with()
            clock.advance(900)
            two.look("benchmark")
            await dealt_with()
            one.look("benchmark")
            await dealt_with()
            told = [figures(each) for each in (one, two)]
    assert sorted([*first.slots, *second.slots]) == [at("12:15"), at("13:00")]
    assert Figures(*map(sum, zip(*told, strict=True))) == Figures(runs=2, overlapped=2)
    assert await counts(store) == SlotCounts(claimed=2, overlapped=2)
