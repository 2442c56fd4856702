"""What tests of the schedule are made of: jobs that note their calls, time that is moved, counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from probe.errors import StoreError, StoreUnavailable
from probe.facts.slot import Slot
from probe.lib.clock import Clock, FakeClock
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import ScheduledJob, Timetable
from probe.scheduling.schedule import Schedule
from probe.store.records import SlotCounts
from probe.store.runs import RunStore
from probe.store.store import Store

QUARTERS = CronTimetable.parse("*/15 * * * *")


def at(text: str) -> datetime:
    """A time of the first of January, or a whole date."""
    return datetime.fromisoformat(text if "-" in text else f"2026-01-01T{text}").replace(tzinfo=UTC)


class Handler:
    """Notes what it is called with. Where `gate` is closed a run stays under way until it opens."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store
        self.slots: list[datetime] = []
        self.runs: list[UUID] = []
        self.called = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.cancelled = 0
        self.error: Exception | None = None

    async def __call__(self, slot: Slot, run_id: UUID) -> None:
        self.slots.append(slot.planned_at)
        self.runs.append(run_id)
        self.called.set()
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.store is not None:
            await self.store.runs.finish(run_id, "finished")


def job(
    handler: Handler, timetable: Timetable = QUARTERS, name: str = "benchmark", *, at_start: bool = False
) -> ScheduledJob:
    return ScheduledJob(
        name=name,
        timetable=timetable,
        handler=handler,
        suite="quick",
        targets=("one", "two"),
        planned_attempts=3,
        at_start=at_start,
    )


async def dealt_with() -> None:
    """Until every job that was looked at has been dealt with."""
    while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith("job ")]:
        await asyncio.wait(tasks)


async def move(schedule: Schedule, clock: FakeClock, to: str, name: str = "benchmark") -> None:
    """Time passes until then; the job is looked at once."""
    clock.advance((at(to) - clock.now()).total_seconds())
    schedule.look(name)
    await dealt_with()


async def begun(schedule: Schedule, clock: FakeClock, handler: Handler) -> None:
    """The next slot comes and its run begins, which a closed gate keeps under way."""
    clock.advance(900)
    schedule.look("benchmark")
    await handler.called.wait()


async def overlapped(schedule: Schedule, clock: FakeClock, store: Store) -> None:
    """The next slot comes during a run, and has been counted."""
    clock.advance(900)
    schedule.look("benchmark")
    while (await counts(store)).overlapped == 0:  # noqa: ASYNC110  the row is what is waited for
        await asyncio.sleep(0)


async def reload(schedule: Schedule, *jobs: ScheduledJob) -> None:
    schedule.replace_jobs(await schedule.prepare(jobs))


@asynccontextmanager
async def started(claims: RunStore | Claims, clock: Clock, *jobs: ScheduledJob) -> AsyncIterator[Schedule]:
    schedule = Schedule(claims, clock)
    await schedule.start(jobs)
    try:
        await dealt_with()
        yield schedule
    finally:
        await schedule.close()


async def counts(store: Store, name: str = "benchmark") -> SlotCounts:
    return (await store.runs.slot_counts()).get(name, SlotCounts())


class Figures(NamedTuple):
    """How the slots of one job were dealt with since the start."""

    runs: int = 0
    missed: int = 0
    late: int = 0
    overlapped: int = 0


def figures(schedule: Schedule) -> Figures:
    """Of the only job."""
    (found,) = figures_of(schedule).values()
    return found


def figures_of(schedule: Schedule) -> dict[str, Figures]:
    return {
        each.job: Figures(runs=each.runs, missed=each.missed, late=each.late, overlapped=each.overlapped)
        for each in schedule.status()
    }


class Claims:
    """What the schedule asks of a store, in memory; `error` is raised while it is set."""

    def __init__(self) -> None:
        self.error: StoreError | None = None
        self.calls: list[str] = []
        self.taken: set[datetime] = set()
        self.made_elsewhere = False

    def _call(self, what: str) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append(what)

    async def claim(
        self, slot: Slot, /, *, suite: str, planned_attempts: int | None, late_seconds: float
    ) -> UUID | None:
        self._call(f"claim {slot.planned_at:%H:%M} {late_seconds:g} s late")
        self.taken.add(slot.planned_at)
        return uuid4()

    async def record_missed(self, job: str, first: datetime, last: datetime, count: int, /) -> bool:
        self._call(f"missed {first:%H:%M} to {last:%H:%M} {count}")
        return True

    async def record_overlap(self, slot: Slot, /) -> bool:
        self._call(f"overlap {slot.planned_at:%H:%M}")
        return True

    async def last_slot(self, job: str, /, until: datetime | None = None) -> Slot | None:
        self._call("last")
        known = [instant for instant in self.taken if until is None or instant <= until]
        return Slot(job=job, planned_at=max(known)) if known else None

    async def last_run_at(self, job: str, /) -> datetime | None:
        return None

    async def claim_start(self, *, run_name: str, suite: str, planned_attempts: int | None) -> UUID | None:
        self._call(f"start {run_name}")
        return None if self.made_elsewhere else uuid4()


LOCKED = StoreUnavailable("the database is locked")
