"""Clocks that are set back, daylight saving, and once the real clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from probe.lib.clock import FakeClock, SystemClock
from probe.scheduling.cron import CronTimetable
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.scheduling.scheduling import (
    Handler,
    at,
    counts,
    dealt_with,
    job,
    move,
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
    handler = Handler()
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
