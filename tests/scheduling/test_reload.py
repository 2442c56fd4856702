"""Other jobs are put in force."""

from __future__ import annotations

import pytest

from probe.errors import StoreUnavailable
from probe.lib.clock import FakeClock
from probe.scheduling.cron import CronTimetable
from probe.store.store import Store
from tests.lib.clocks import VirtualClock, settle
from tests.scheduling.scheduling import (
    LOCKED,
    Claims,
    Figures,
    Handler,
    at,
    begun,
    dealt_with,
    figures,
    job,
    move,
    reload,
    started,
)


async def test_a_reload_keeps_runs_counts_and_places(store: Store, clock: FakeClock) -> None:
    before, after = Handler(store), Handler(store)
    before.gate.clear()
    async with started(store.runs, clock, job(before)) as schedule:
        await begun(schedule, clock, before)
        await reload(schedule, job(after))
        before.gate.set()
        await dealt_with()
        assert before.cancelled == 0
        assert figures(schedule) == Figures(runs=1)
        await move(schedule, clock, "12:30")
        assert figures(schedule) == Figures(runs=2)
    assert (before.slots, after.slots) == ([at("12:15")], [at("12:30")])


async def test_a_slot_that_comes_during_a_reload_is_not_lost(store: Store, clock: FakeClock) -> None:
    after = Handler(store)
    async with started(store.runs, clock, job(Handler(store))) as schedule:
        clock.advance(900)
        await reload(schedule, job(after))
        await dealt_with()
    assert after.slots == [at("12:15")]


async def test_a_new_timetable_counts_from_the_reload(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        clock.advance(600)
        await reload(schedule, job(handler, CronTimetable.parse("* * * * *")))
        await dealt_with()
        assert figures(schedule) == Figures()
        await move(schedule, clock, "12:11")
    assert handler.slots == [at("12:11")]


async def test_a_job_that_is_gone_is_not_run_and_a_new_one_is(store: Store, clock: FakeClock) -> None:
    old, new = Handler(store), Handler(store)
    async with started(store.runs, clock, job(old, name="old")) as schedule:
        await reload(schedule, job(new, name="new"))
        clock.advance(900)
        schedule.look("old")
        schedule.look("new")
        await dealt_with()
        assert [status.job for status in schedule.status()] == ["new"]
    assert (old.slots, new.slots) == ([], [at("12:15")])


async def test_a_reload_without_a_store_changes_nothing() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        with pytest.raises(StoreUnavailable):
            await reload(schedule, job(Handler(), name="new"))
        claims.error = None
        await clock.pass_until(900)
        schedule.look("benchmark")
        await settle()
    assert handler.slots == [at("12:15")]
