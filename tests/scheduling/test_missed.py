"""Slots that were missed, late or overlapped are counted, and not caught up."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.scheduling.scheduling import (
    Figures,
    Handler,
    at,
    begun,
    counts,
    dealt_with,
    figures,
    job,
    move,
    overlapped,
    started,
)


async def test_what_was_missed_while_down_is_counted_once_and_not_caught_up(
    store: Store, clock: FakeClock
) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
    clock.advance(55 * 60)  # 13:10
    async with started(store.runs, clock, job(handler)) as schedule:
        assert figures(schedule) == Figures(missed=3)
    async with started(store.runs, clock, job(handler)) as schedule:
        assert figures(schedule) == Figures()
        await move(schedule, clock, "13:15")
    assert handler.slots == [at("12:15"), at("13:15")]
    assert await counts(store) == SlotCounts(claimed=2, missed=3)


async def test_the_first_start_ever_has_missed_nothing(store: Store, clock: FakeClock) -> None:
    async with started(store.runs, clock, job(Handler())) as schedule:
        assert figures(schedule) == Figures()
    assert await counts(store) == SlotCounts()


async def test_a_slot_within_the_grace_still_runs_and_is_late(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15:01")
        assert figures(schedule) == Figures(runs=1)
    clock.advance(14 * 60 + 58)
    async with started(store.runs, clock, job(handler)) as schedule:
        assert clock.now() < at("12:30")
        clock.advance(31)
        schedule.look("benchmark")
        await dealt_with()
        assert figures(schedule) == Figures(runs=1, late=1)
    assert handler.slots == [at("12:15"), at("12:30")]
    assert (await counts(store)).late == 1


async def test_after_a_sleep_only_the_latest_slot_runs(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "14:00:10")
        assert figures(schedule) == Figures(runs=1, missed=7, late=1)
    assert handler.slots == [at("14:00")]
    assert await counts(store) == SlotCounts(claimed=1, late=1, missed=7)


async def test_slots_that_another_daemon_ran_while_we_slept_are_not_missed(
    store: Store, clock: FakeClock
) -> None:
    async with started(store.runs, clock, job(Handler(store))) as schedule:
        for quarter in ("12:15", "12:30"):
            slot = Slot(job="benchmark", planned_at=at(quarter))
            run_id = await store.runs.claim(slot, suite="quick", planned_attempts=3, late_seconds=0)
            assert isinstance(run_id, UUID)
            await store.runs.finish(run_id, "finished")
        await move(schedule, clock, "13:10")
        assert figures(schedule) == Figures(missed=2)
    assert await counts(store) == SlotCounts(claimed=2, missed=2)


async def test_a_slot_during_the_run_before_is_counted_and_not_run(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store.runs, clock, job(handler)) as schedule:
        await begun(schedule, clock, handler)
        await overlapped(schedule, clock, store)
        handler.gate.set()
        await dealt_with()
        assert figures(schedule) == Figures(runs=1, overlapped=1)
        await move(schedule, clock, "12:45")
        assert figures(schedule) == Figures(runs=2, overlapped=1)
    assert handler.slots == [at("12:15"), at("12:45")]
    assert await counts(store) == SlotCounts(claimed=2, overlapped=1)


async def test_an_outage_of_years_is_counted_for_some_of_them(store: Store, clock: FakeClock) -> None:
    """A machine without a battery-backed clock starts in 1970."""
    slot = Slot(job="benchmark", planned_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert await store.runs.claim(slot, suite="quick", planned_attempts=3, late_seconds=0)
    clock.advance(300)
    async with started(store.runs, clock, job(Handler(store))) as schedule:
        assert figures(schedule) == (0, 400 * 96, 0, 0)
