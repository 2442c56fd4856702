"""One slot, one run: against a real store, with a clock that the test moves."""

from __future__ import annotations

from probe.facts.status import JobStatus
from probe.lib.clock import FakeClock
from probe.scheduling.cron import CronTimetable
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.scheduling.scheduling import (
    Figures,
    Handler,
    at,
    counts,
    dealt_with,
    figures,
    job,
    move,
    started,
)


async def test_a_slot_that_is_due_becomes_a_run(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
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
    run = await store.runs.get(handler.runs[0])
    assert run is not None
    assert (run.run_name, run.triggered_by, run.suite) == ("benchmark", "schedule", "quick")
    assert (run.planned_attempts, run.status) == (3, "finished")
    assert await counts(store) == SlotCounts(claimed=1)


async def test_nothing_runs_twice_after_a_restart(store: Store, clock: FakeClock) -> None:
    first, second = Handler(store), Handler(store)
    async with started(store.runs, clock, job(first)) as schedule:
        await move(schedule, clock, "12:15")
    async with started(store.runs, clock, job(second)) as schedule:
        await move(schedule, clock, "12:15:30")
        assert figures(schedule) == Figures()
        await move(schedule, clock, "12:30")
    assert (first.slots, second.slots) == ([at("12:15")], [at("12:30")])
    assert await counts(store) == SlotCounts(claimed=2)


async def test_two_daemons_on_one_database_share_the_slots(store: Store, clock: FakeClock) -> None:
    ours, theirs = Handler(store), Handler(store)
    async with (
        started(store.runs, clock, job(ours)) as schedule,
        started(store.runs, clock, job(theirs)) as other,
    ):
        clock.advance(900)
        schedule.look("benchmark")
        other.look("benchmark")
        await dealt_with()
        assert len(ours.slots) + len(theirs.slots) == 1
        assert {figures(schedule), figures(other)} == {Figures(runs=1), Figures()}


async def test_a_run_that_fails_does_not_stop_the_next(store: Store, clock: FakeClock) -> None:
    handler = Handler()
    handler.error = RuntimeError("a defect")
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
        await move(schedule, clock, "12:30")
    assert handler.slots == [at("12:15"), at("12:30")]


async def test_every_kind_of_job_is_scheduled_alike(store: Store, clock: FakeClock) -> None:
    discovery = Handler()
    weekly = job(discovery, CronTimetable.parse("0 2 * * 0"), "discovery")
    async with started(store.runs, clock, job(Handler()), weekly) as schedule:
        assert schedule.status()[1].next_run_at == at("2026-01-04T02:00")
        await move(schedule, clock, "2026-01-04T02:00:00", "discovery")
    assert discovery.slots == [at("2026-01-04T02:00")]
