"""Runs at the start, beside the slots."""

from __future__ import annotations

from probe.lib.clock import FakeClock
from probe.scheduling.schedule import Schedule
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.lib.clocks import START, VirtualClock, settle
from tests.scheduling.scheduling import (
    LOCKED,
    Claims,
    Figures,
    Handler,
    at,
    counts,
    dealt_with,
    figures,
    figures_of,
    job,
    move,
    overlapped,
    reload,
    started,
)


async def test_a_job_runs_at_the_start_where_it_is_told_to(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    other = job(Handler(), name="other")
    async with started(store.runs, clock, job(handler, at_start=True), other) as schedule:
        told, _ = schedule.status()
        assert (told.runs, told.last_run_at, told.next_run_at) == (1, START, at("12:15"))
        await move(schedule, clock, "12:15")
        await reload(schedule, job(handler, at_start=True))
        await dealt_with()
    assert handler.slots == [START, at("12:15")], "a reload is no start"
    runs = (await store.runs.page()).items
    assert [(run.triggered_by, run.planned_attempts) for run in runs] == [("schedule", 3), ("start", 3)]
    assert await counts(store) == SlotCounts(claimed=1)


async def test_a_slot_that_is_due_takes_the_place_of_the_run_at_the_start(
    store: Store, clock: FakeClock
) -> None:
    """Also where slots before it were missed, which are written first."""
    handler = Handler(store)
    async with started(store.runs, clock, job(handler)) as schedule:
        await move(schedule, clock, "12:15")
    clock.advance(45 * 60 + 20)
    async with started(store.runs, clock, job(handler, at_start=True)) as schedule:
        assert figures(schedule) == Figures(runs=1, missed=2, late=1)
    assert handler.slots == [at("12:15"), at("13:00")]


async def test_a_slot_during_the_run_at_the_start_overlaps_with_it(store: Store, clock: FakeClock) -> None:
    handler = Handler(store)
    handler.gate.clear()
    schedule = Schedule(store.runs, clock)
    await schedule.start([job(handler, at_start=True)])
    await handler.called.wait()
    await overlapped(schedule, clock, store)
    handler.gate.set()
    await dealt_with()
    assert figures(schedule) == Figures(runs=1, overlapped=1)
    await schedule.close()


async def test_a_run_at_the_start_that_cannot_be_stored_is_left() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    schedule = Schedule(claims, clock)
    await schedule.start([job(handler, at_start=True)])
    claims.error = LOCKED
    await settle()
    claims.error = None
    assert figures(schedule) == Figures()
    await clock.pass_until(900)
    schedule.look("benchmark")
    await settle()
    assert handler.slots == [at("12:15")]
    await schedule.close()


async def test_a_run_at_the_start_that_another_daemon_made_is_asked_for_once_more() -> None:
    """By then it is known whether that daemon lives."""
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    claims.made_elsewhere = True
    schedule = Schedule(claims, clock)
    await schedule.start([job(handler, at_start=True)])
    await settle()
    await clock.pass_until(30)
    schedule.beat()
    await settle()
    assert claims.calls == ["last", "start benchmark"]
    claims.made_elsewhere = False
    await clock.pass_until(40)
    for _ in range(2):
        schedule.beat()
        await settle()
    assert claims.calls == ["last", "start benchmark", "start benchmark"]
    assert figures(schedule) == Figures(runs=1)
    await schedule.close()


async def test_a_job_knows_when_it_ran_in_an_earlier_process(store: Store, clock: FakeClock) -> None:
    async with started(store.runs, clock, job(Handler(store), at_start=True)):
        pass
    clock.advance(600)
    async with started(store.runs, clock, job(Handler()), job(Handler(), name="other")) as schedule:
        assert [status.last_run_at for status in schedule.status()] == [START, None]
        await reload(schedule, job(Handler(), name="benchmark"), job(Handler(), name="third"))
        assert [status.last_run_at for status in schedule.status()] == [START, None]
        assert figures_of(schedule) == {"benchmark": Figures(), "third": Figures()}
