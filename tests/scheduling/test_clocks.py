"""Clocks that are set back, daylight saving, and once the real clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock, SystemClock
from probe.scheduling.cron import CronTimetable
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


async def test_a_clock_that_is_set_back_runs_no_slot_twice_and_loses_none(
    store: Store, clock: FakeClock
) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
        await move(schedule, clock, "18:00")
        clock.advance(-5.5 * 3600)
        schedule.beat()
        await move(schedule, clock, "12:30")
        await move(schedule, clock, "12:45")
        await move(schedule, clock, "18:00")
        await move(schedule, clock, "18:15")
    assert handler.slots == [at(quarter) for quarter in ("12:15", "18:00", "12:45", "18:15")]


AHEAD_SECONDS = 400 * 86_400


async def test_a_clock_that_was_ahead_leaves_a_last_slot_that_is_told_and_passed_over(
    store: Store, clock: FakeClock
) -> None:
    """What was missed since the last slot before now is counted, and the next one runs."""
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
    clock.advance(AHEAD_SECONDS)
    ahead = clock.now()
    async with started(store.runs, clock, job(handler)) as schedule:
        assert handler.slots == [at("12:15"), ahead]
    clock.advance(-AHEAD_SECONDS)
    clock.advance((at("13:10") - clock.now()).total_seconds())
    with capture_logs() as logs:
        async with started(store.runs, clock, job(handler)) as schedule:
            # 12:30 is where the row of 400 days begins.
            assert figures(schedule) == Figures(missed=2)
            await move(schedule, clock, "13:15")
            assert figures(schedule) == Figures(missed=2, runs=1)
    assert handler.slots == [at("12:15"), ahead, at("13:15")]
    assert next(log["event"][:33] for log in logs) == "the last slot lies in the future:"


async def test_another_clock_ahead_hides_nothing_that_was_missed(store: Store, clock: FakeClock) -> None:
    """Its slot is in the database while this daemon sleeps."""
    async with started(store.runs, clock, job(Handler(store))) as schedule:
        ahead = Slot(job="benchmark", planned_at=clock.now() + timedelta(days=400))
        assert await store.runs.claim(ahead, suite="quick", planned_attempts=3, late_seconds=0)
        await move(schedule, clock, "13:10")
        assert figures(schedule) == Figures(missed=4)
    assert await counts(store) == SlotCounts(claimed=1, missed=4)


async def test_slots_during_a_run_that_a_clock_ahead_began_are_counted_as_overlapped(
    store: Store, clock: FakeClock
) -> None:
    handler = Handler(store)
    handler.gate.clear()
    clock.advance(AHEAD_SECONDS)
    async with started(store.runs, clock, job(handler)) as schedule:
        await begun(schedule, clock, handler)
        clock.advance(-AHEAD_SECONDS - 900)
        schedule.beat()
        await overlapped(schedule, clock, store)
        assert figures(schedule) == Figures(runs=1, overlapped=1)
        handler.gate.set()
        await dealt_with()
    assert await counts(store) == SlotCounts(claimed=1, overlapped=1)


@pytest.mark.parametrize(
    ("day", "runs"),
    [
        ("2026-03-28", ["28T01:30", "29T01:00", "30T00:30"]),
        ("2026-10-24", ["24T00:30", "25T00:30", "26T01:30"]),
    ],
)
async def test_a_daily_job_in_berlin_runs_once_on_the_days_of_the_change(
    store: Store, day: str, runs: list[str]
) -> None:
    """02:30 does not exist on 29 March 2026 and comes twice on 25 October; the times here are UTC."""
    clock = FakeClock(at(f"{day}T00:00"))
    handler = Handler(store)
    daily = job(handler, CronTimetable.parse("30 2 * * *", "Europe/Berlin"))
    for _ in range(3):
        async with started(store.runs, clock, daily) as schedule:
            for _ in range(48):
                clock.advance(1800)
                schedule.look("benchmark")
                await dealt_with()
    assert [f"{slot:%dT%H:%M}" for slot in handler.slots] == runs
    assert await counts(store) == SlotCounts(claimed=3)


class EverySecond:
    """A timetable fine enough to wait for."""

    def next_after(self, instant: datetime, /) -> datetime:
        return instant.replace(microsecond=0) + timedelta(seconds=1)

    def between(self, after: datetime, until: datetime, /) -> Iterator[datetime]:
        instant = self.next_after(after)
        while instant <= until:
            yield instant
            instant = self.next_after(instant)

    def interval_seconds(self, after: datetime, /) -> float:
        return 1


async def test_the_real_clock_brings_the_slots_up(store: Store) -> None:
    handler = Handler(store)
    async with started(store.runs, SystemClock(), job(handler, EverySecond())) as schedule:
        assert schedule.running
        for _ in range(2):
            handler.called.clear()
            await handler.called.wait()
    assert not schedule.running
    first, second = handler.slots[:2]
    assert first.microsecond == 0
    assert second > first
