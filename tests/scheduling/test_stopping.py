"""Pausing, draining and closing."""

from __future__ import annotations

import asyncio

from probe.lib.clock import FakeClock
from probe.scheduling.schedule import Schedule
from probe.store.store import Store
from tests.lib.clocks import VirtualClock, settle
from tests.scheduling.scheduling import (
    LOCKED,
    Claims,
    Figures,
    Handler,
    begun,
    dealt_with,
    figures,
    job,
    move,
    started,
)


async def test_a_paused_schedule_claims_nothing(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        schedule.pause()
        await move(schedule, clock, "12:15")
        assert handler.slots == []
        assert not schedule.running
        assert schedule.status()[0].next_run_at is None
    async with started(store.runs, clock, job(handler)) as schedule:
        assert figures(schedule) == Figures(), "the first start ever was at 12:15"


async def test_a_claim_under_way_ends_with_the_pause() -> None:
    clock, claims = VirtualClock(), Claims()
    async with started(claims, clock, job(Handler())) as schedule:
        claims.error = LOCKED
        await clock.pass_until(900)
        schedule.look("benchmark")
        await settle()
        schedule.pause()
        claims.error = None
        await clock.pass_until(910)
        await dealt_with()
        assert figures(schedule) == Figures()
    assert claims.calls == ["last"]


async def test_drain_waits_for_runs_under_way(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store.runs, clock, job(handler)) as schedule:
        await begun(schedule, clock, handler)
        draining = asyncio.ensure_future(schedule.drain(60))
        await asyncio.sleep(0)
        handler.gate.set()
        assert await draining
    assert handler.cancelled == 0
    run = await store.runs.get(handler.runs[0])
    assert run is not None
    assert run.status == "finished"


async def test_runs_still_there_at_the_deadline_are_cancelled(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store.runs, clock, job(handler)) as schedule:
        await begun(schedule, clock, handler)
        assert not await schedule.drain(0.01)
        assert handler.cancelled == 1


async def test_closing_twice_and_before_starting_is_harmless(store: Store, clock: FakeClock) -> None:
    schedule = Schedule(store.runs, clock)
    await schedule.close()
    async with started(store.runs, clock) as other:
        await other.close()
        assert not other.running
    assert not schedule.running
