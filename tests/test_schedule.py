"""Slots against a real store, with a clock that the test moves; and once against the real clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from probe.clock import Clock, FakeClock, SystemClock
from probe.cron import CronTimetable
from probe.due import Timetable
from probe.duty import ScheduledJob
from probe.errors import StoreError, StoreUnavailable
from probe.schedule import Schedule
from probe.slot import Slot
from probe.status import JobStatus
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.clocks import START, VirtualClock, settle

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
            await self.store.finish_run(run_id, "finished")


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


async def reload(schedule: Schedule, *jobs: ScheduledJob) -> None:
    schedule.put_in_force(await schedule.prepare(jobs))


@asynccontextmanager
async def started(claims: Store | Claims, clock: Clock, *jobs: ScheduledJob) -> AsyncIterator[Schedule]:
    schedule = Schedule(claims, clock)
    await schedule.start(jobs)
    try:
        await dealt_with()
        yield schedule
    finally:
        await schedule.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db", clock=clock) as opened:
        yield opened


async def counts(store: Store, name: str = "benchmark") -> SlotCounts:
    return (await store.slot_counts()).get(name, SlotCounts())


def figures(schedule: Schedule) -> tuple[int, int, int, int]:
    """Runs, missed, late, overlapped of the only job."""
    (found,) = figures_of(schedule).values()
    return found


def figures_of(schedule: Schedule) -> dict[str, tuple[int, int, int, int]]:
    return {each.job: (each.runs, each.missed, each.late, each.overlapped) for each in schedule.status()}


# One slot, one run ------------------------------------------------------------------------------------------


async def test_a_slot_that_is_due_becomes_a_run(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        assert handler.slots == []
        await move(schedule, clock, "12:14:59")
        assert handler.slots == []
        await move(schedule, clock, "12:15:00.5")
        assert handler.slots == [at("12:15")]
        assert schedule.status() == (
            JobStatus(
                job="benchmark",
                suite="quick",
                targets=("one", "two"),
                interval_seconds=900,
                runs=1,
                last_run_at=at("12:15:00.5"),
                last_duration_seconds=0,
                next_run_at=at("12:30"),
            ),
        )
    run = await store.run(handler.runs[0])
    assert run is not None
    assert (run.run_name, run.triggered_by, run.suite) == ("benchmark", "schedule", "quick")
    assert (run.planned_attempts, run.status) == (3, "finished")
    assert await counts(store) == SlotCounts(claimed=1)


async def test_nothing_runs_twice_after_a_restart(store: Store, clock: FakeClock) -> None:
    first, second = Handler(store), Handler(store)
    async with started(store, clock, job(first)) as schedule:
        await move(schedule, clock, "12:15")
    async with started(store, clock, job(second)) as schedule:
        await move(schedule, clock, "12:15:30")
        assert figures(schedule) == (0, 0, 0, 0)
        await move(schedule, clock, "12:30")
    assert (first.slots, second.slots) == ([at("12:15")], [at("12:30")])
    assert await counts(store) == SlotCounts(claimed=2)


async def test_two_daemons_on_one_database_share_the_slots(store: Store, clock: FakeClock) -> None:
    ours, theirs = Handler(store), Handler(store)
    async with (
        started(store, clock, job(ours)) as schedule,
        started(store, clock, job(theirs)) as other,
    ):
        clock.advance(900)
        schedule.look("benchmark")
        other.look("benchmark")
        await dealt_with()
        assert len(ours.slots) + len(theirs.slots) == 1
        assert {figures(schedule), figures(other)} == {(1, 0, 0, 0), (0, 0, 0, 0)}


async def test_a_run_that_fails_does_not_stop_the_next(store: Store, clock: FakeClock) -> None:
    handler = Handler()
    handler.error = RuntimeError("a defect")
    async with started(store, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
        await move(schedule, clock, "12:30")
    assert handler.slots == [at("12:15"), at("12:30")]


async def test_every_kind_of_job_is_scheduled_alike(store: Store, clock: FakeClock) -> None:
    discovery = Handler()
    weekly = job(discovery, CronTimetable.parse("0 2 * * 0"), "discovery")
    async with started(store, clock, job(Handler()), weekly) as schedule:
        assert schedule.status()[1].next_run_at == at("2026-01-04T02:00")
        await move(schedule, clock, "2026-01-04T02:00:00", "discovery")
    assert discovery.slots == [at("2026-01-04T02:00")]


# Missed, late, overlapped -----------------------------------------------------------------------------------


async def test_what_was_missed_while_down_is_counted_once_and_not_caught_up(
    store: Store, clock: FakeClock
) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
    clock.advance(55 * 60)  # 13:10
    async with started(store, clock, job(handler)) as schedule:
        assert figures(schedule) == (0, 3, 0, 0)
    async with started(store, clock, job(handler)) as schedule:
        assert figures(schedule) == (0, 0, 0, 0)
        await move(schedule, clock, "13:15")
    assert handler.slots == [at("12:15"), at("13:15")]
    assert await counts(store) == SlotCounts(claimed=2, missed=3)


async def test_the_first_start_ever_has_missed_nothing(store: Store, clock: FakeClock) -> None:
    async with started(store, clock, job(Handler())) as schedule:
        assert figures(schedule) == (0, 0, 0, 0)
    assert await counts(store) == SlotCounts()


async def test_a_slot_within_the_grace_still_runs_and_is_late(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15:01")
        assert figures(schedule) == (1, 0, 0, 0)
    clock.advance(14 * 60 + 58)
    async with started(store, clock, job(handler)) as schedule:
        assert clock.now() < at("12:30")
        clock.advance(31)
        schedule.look("benchmark")
        await dealt_with()
        assert figures(schedule) == (1, 0, 1, 0)
    assert handler.slots == [at("12:15"), at("12:30")]
    assert (await counts(store)).late == 1


async def test_after_a_sleep_only_the_latest_slot_runs(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        await move(schedule, clock, "14:00:10")
        assert figures(schedule) == (1, 7, 1, 0)
    assert handler.slots == [at("14:00")]
    assert await counts(store) == SlotCounts(claimed=1, late=1, missed=7)


async def test_slots_that_another_daemon_ran_while_we_slept_are_not_missed(
    store: Store, clock: FakeClock
) -> None:
    async with started(store, clock, job(Handler(store))) as schedule:
        for quarter in ("12:15", "12:30"):
            slot = Slot(job="benchmark", planned_at=at(quarter))
            assert await store.claim(slot, suite="quick", planned_attempts=3, late_seconds=0)
        await move(schedule, clock, "13:10")
        assert figures(schedule) == (0, 2, 0, 0)
    assert await counts(store) == SlotCounts(claimed=2, missed=2)


async def test_a_slot_during_the_run_before_is_counted_and_not_run(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store, clock, job(handler)) as schedule:
        clock.advance(900)
        schedule.look("benchmark")
        await handler.called.wait()
        clock.advance(900)
        schedule.look("benchmark")
        while (await counts(store)).overlapped == 0:  # noqa: ASYNC110  the row is what is waited for
            await asyncio.sleep(0)
        handler.gate.set()
        await dealt_with()
        assert figures(schedule) == (1, 0, 0, 1)
        await move(schedule, clock, "12:45")
        assert figures(schedule) == (2, 0, 0, 1)
    assert handler.slots == [at("12:15"), at("12:45")]
    assert await counts(store) == SlotCounts(claimed=2, overlapped=1)


async def test_an_outage_of_years_is_counted_for_some_of_them(store: Store, clock: FakeClock) -> None:
    """A machine without a battery-backed clock starts in 1970."""
    slot = Slot(job="benchmark", planned_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert await store.claim(slot, suite="quick", planned_attempts=3, late_seconds=0)
    clock.advance(300)
    async with started(store, clock, job(Handler(store))) as schedule:
        assert figures(schedule) == (0, 400 * 96, 0, 0)


# At the start -----------------------------------------------------------------------------------------------


async def test_a_job_runs_at_the_start_where_it_is_told_to(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    other = job(Handler(), name="other")
    async with started(store, clock, job(handler, at_start=True), other) as schedule:
        told, _ = schedule.status()
        assert (told.runs, told.last_run_at, told.next_run_at) == (1, START, at("12:15"))
        await move(schedule, clock, "12:15")
        await reload(schedule, job(handler, at_start=True))
        await dealt_with()
    assert handler.slots == [START, at("12:15")], "a reload is no start"
    runs = (await store.runs()).items
    assert [(run.triggered_by, run.planned_attempts) for run in runs] == [("schedule", 3), ("start", 3)]
    assert await counts(store) == SlotCounts(claimed=1)


async def test_a_slot_that_is_due_takes_the_place_of_the_run_at_the_start(
    store: Store, clock: FakeClock
) -> None:
    """Also where slots before it were missed, which are written first."""
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
    clock.advance(45 * 60 + 20)
    async with started(store, clock, job(handler, at_start=True)) as schedule:
        assert figures(schedule) == (1, 2, 1, 0)
    assert handler.slots == [at("12:15"), at("13:00")]


async def test_a_slot_during_the_run_at_the_start_overlaps_with_it(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    schedule = Schedule(store, clock)
    await schedule.start([job(handler, at_start=True)])
    await handler.called.wait()
    clock.advance(900)
    schedule.look("benchmark")
    while (await counts(store)).overlapped == 0:  # noqa: ASYNC110  the row is what is waited for
        await asyncio.sleep(0)
    handler.gate.set()
    await dealt_with()
    assert figures(schedule) == (1, 0, 0, 1)
    await schedule.close()


async def test_a_run_at_the_start_that_cannot_be_stored_is_left() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    schedule = Schedule(claims, clock)
    await schedule.start([job(handler, at_start=True)])
    claims.error = LOCKED
    await settle()
    claims.error = None
    assert figures(schedule) == (0, 0, 0, 0)
    await clock.pass_until(900)
    schedule.look("benchmark")
    await settle()
    assert handler.slots == [at("12:15")]
    await schedule.close()


async def test_a_job_knows_when_it_ran_in_an_earlier_process(store: Store, clock: FakeClock) -> None:
    async with started(store, clock, job(Handler(store), at_start=True)):
        pass
    clock.advance(600)
    async with started(store, clock, job(Handler()), job(Handler(), name="other")) as schedule:
        assert [status.last_run_at for status in schedule.status()] == [START, None]
        await reload(schedule, job(Handler(), name="benchmark"), job(Handler(), name="third"))
        assert [status.last_run_at for status in schedule.status()] == [START, None]
        assert figures_of(schedule) == {"benchmark": (0, 0, 0, 0), "third": (0, 0, 0, 0)}


# Clocks -----------------------------------------------------------------------------------------------------


async def test_a_clock_that_is_set_back_runs_no_slot_twice_and_loses_none(
    store: Store, clock: FakeClock
) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
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
        async with started(store, clock, daily) as schedule:
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
    async with started(store, SystemClock(), job(handler, EverySecond())) as schedule:
        assert schedule.running
        for _ in range(2):
            handler.called.clear()
            await handler.called.wait()
    assert not schedule.running
    first, second = handler.slots[:2]
    assert first.microsecond == 0
    assert second > first


# The store is away ------------------------------------------------------------------------------------------


class Claims:
    """What the schedule asks of a store, in memory; `error` is raised while it is set."""

    def __init__(self) -> None:
        self.error: StoreError | None = None
        self.calls: list[str] = []
        self.taken: set[datetime] = set()

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

    async def last_slot(self, job: str, /) -> Slot | None:
        self._call("last")
        return Slot(job=job, planned_at=max(self.taken)) if self.taken else None

    async def last_run_at(self, job: str, /) -> datetime | None:
        return None

    async def start_run(
        self, *, run_name: str, triggered_by: str, suite: str, planned_attempts: int | None
    ) -> UUID:
        self._call(f"start {run_name}")
        return uuid4()


LOCKED = StoreUnavailable("the database is locked")


async def test_a_claim_is_tried_again_within_the_grace() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(900)
        schedule.look("benchmark")
        await clock.pass_until(911)
        assert handler.slots == []
        claims.error = None
        await clock.pass_until(913)
        assert handler.slots == [at("12:15")]
        assert figures(schedule) == (1, 0, 1, 0)
    assert claims.calls == ["last", "claim 12:15 12 s late"]


async def test_a_slot_that_could_not_be_claimed_in_time_is_missed_and_noted_later() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(900)
        schedule.look("benchmark")
        await clock.pass_until(1000)
        assert figures(schedule) == (0, 1, 0, 0)
        claims.error = None
        schedule.beat()
        await settle()
        assert claims.calls == ["last", "missed 12:15 to 12:15 1"]
    assert handler.slots == []


async def test_counts_that_wait_are_noted_in_order_before_the_next_claim() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(3000)
        schedule.look("benchmark")
        await settle()
        claims.error = None
        await clock.pass_until(3600)
        schedule.look("benchmark")
        await settle()
    assert claims.calls == ["last", "missed 12:15 to 12:45 3", "claim 13:00 0 s late"]


async def test_a_claim_that_is_refused_for_good_is_missed() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = StoreError("the database is damaged")
        await clock.pass_until(900)
        schedule.look("benchmark")
        await settle()
        assert figures(schedule) == (0, 1, 0, 0)
    assert handler.slots == []


async def test_a_start_without_a_store_starts_nothing() -> None:
    claims = Claims()
    claims.error = LOCKED
    schedule = Schedule(claims, VirtualClock())
    with pytest.raises(StoreUnavailable):
        await schedule.start([job(Handler())])
    assert not schedule.running
    await schedule.close()


# The end ----------------------------------------------------------------------------------------------------


async def test_a_paused_schedule_claims_nothing(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        schedule.pause()
        await move(schedule, clock, "12:15")
        assert handler.slots == []
        assert not schedule.running
        assert schedule.status()[0].next_run_at is None
    async with started(store, clock, job(handler)) as schedule:
        assert figures(schedule) == (0, 0, 0, 0), "the first start ever was at 12:15"


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
        assert figures(schedule) == (0, 0, 0, 0)
    assert claims.calls == ["last"]


async def test_drain_waits_for_runs_under_way(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store, clock, job(handler)) as schedule:
        clock.advance(900)
        schedule.look("benchmark")
        await handler.called.wait()
        draining = asyncio.ensure_future(schedule.drain(60))
        await asyncio.sleep(0)
        handler.gate.set()
        assert await draining
    assert handler.cancelled == 0
    run = await store.run(handler.runs[0])
    assert run is not None
    assert run.status == "finished"


async def test_runs_still_there_at_the_deadline_are_cancelled(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    async with started(store, clock, job(handler)) as schedule:
        clock.advance(900)
        schedule.look("benchmark")
        await handler.called.wait()
        assert not await schedule.drain(0.01)
        assert handler.cancelled == 1


async def test_closing_twice_and_before_starting_is_harmless(store: Store, clock: FakeClock) -> None:
    schedule = Schedule(store, clock)
    await schedule.close()
    async with started(store, clock) as other:
        await other.close()


# Reload -----------------------------------------------------------------------------------------------------


async def test_a_reload_keeps_runs_counts_and_places(store: Store, clock: FakeClock) -> None:
    before, after = Handler(store), Handler(store)
    before.gate.clear()
    async with started(store, clock, job(before)) as schedule:
        clock.advance(900)
        schedule.look("benchmark")
        await before.called.wait()
        await reload(schedule, job(after))
        before.gate.set()
        await dealt_with()
        assert before.cancelled == 0
        assert figures(schedule) == (1, 0, 0, 0)
        await move(schedule, clock, "12:30")
        assert figures(schedule) == (2, 0, 0, 0)
    assert (before.slots, after.slots) == ([at("12:15")], [at("12:30")])


async def test_a_slot_that_comes_during_a_reload_is_not_lost(store: Store, clock: FakeClock) -> None:
    after = Handler(store)
    async with started(store, clock, job(Handler(store))) as schedule:
        clock.advance(900)
        await reload(schedule, job(after))
        await dealt_with()
    assert after.slots == [at("12:15")]


async def test_a_new_timetable_counts_from_the_reload(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store, clock, job(handler)) as schedule:
        clock.advance(600)
        await reload(schedule, job(handler, CronTimetable.parse("* * * * *")))
        await dealt_with()
        assert figures(schedule) == (0, 0, 0, 0)
        await move(schedule, clock, "12:11")
    assert handler.slots == [at("12:11")]


async def test_a_job_that_is_gone_is_not_run_and_a_new_one_is(store: Store, clock: FakeClock) -> None:
    old, new = Handler(store), Handler(store)
    async with started(store, clock, job(old, name="old")) as schedule:
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
