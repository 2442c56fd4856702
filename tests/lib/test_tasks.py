"""Loops and tasks beside everything else: when they run, and that cancelling ends them wherever they are."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from probe.errors import StoreError, StoreUnavailable
from probe.lib.clock import NS_PER_SECOND, FakeClock
from probe.lib.tasks import DetachedTasks, background, periodically, soon, until_set
from tests.lib.clocks import VirtualClock, settle


class Work:
    """Fails so many times, then goes on for ever."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.begun = 0
        self.cancelled = 0

    async def __call__(self) -> None:
        self.begun += 1
        if self.begun <= self.failures:
            raise RuntimeError("a defect")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class ErrorLog:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def __call__(self, *, error: str) -> None:
        self.errors.append(error)


class Step:
    """Notes when it is called; `error` is raised while it is set, and a closed `gate` holds it up."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.at: list[float] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> None:
        self.at.append(self.clock.seconds)
        await self.gate.wait()
        if self.error is not None:
            raise self.error


def names() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


# As long as the stack is open -------------------------------------------------------------------------------


async def test_it_ends_with_the_stack() -> None:
    work = Work()
    async with AsyncExitStack() as stack:
        background(stack, work, "counting", VirtualClock())
        await settle()
        assert (work.begun, work.cancelled) == (1, 0)
    assert work.cancelled == 1
    assert "counting" not in names()


async def test_work_that_fails_is_logged_and_begun_again_after_a_pause() -> None:
    clock, work = VirtualClock(), Work(failures=2)
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            background(stack, work, "counting", clock)
            await clock.pass_until(5)
            assert (work.begun, [each["part"] for each in logs]) == (1, ["counting"])
            await clock.pass_until(60)
            assert (work.begun, [each["part"] for each in logs]) == (3, ["counting", "counting"])
    assert work.cancelled == 1


async def test_the_stack_may_be_left_during_the_pause() -> None:
    work = Work(failures=1000)
    async with AsyncExitStack() as stack:
        background(stack, work, "counting", VirtualClock())
        await settle()
    assert work.begun == 1


async def test_the_stack_may_be_left_before_the_first_step() -> None:
    """What is stopped first was never begun; what is stopped after it had a moment to begin."""
    counting, reading = Work(), Work()
    async with AsyncExitStack() as stack:
        background(stack, counting, "counting", VirtualClock())
        soon(stack, reading, "reading")
    assert reading.begun == 0
    assert counting.cancelled == counting.begun
    assert names().isdisjoint({"counting", "reading"})


async def test_what_is_done_once_is_not_begun_again() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1

    async with AsyncExitStack() as stack:
        soon(stack, work, "reading")
        await settle()
        assert done == 1
    assert done == 1


async def test_what_is_done_once_is_cancelled_with_the_stack() -> None:
    work = Work()
    async with AsyncExitStack() as stack:
        soon(stack, work, "reading")
        await settle()
    assert (work.begun, work.cancelled) == (1, 1)


async def test_what_fails_once_is_logged_and_left() -> None:
    work = Work(failures=1)
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            soon(stack, work, "reading")
            await settle()
    assert (work.begun, [each["part"] for each in logs]) == (1, ["reading"])


# Again and again --------------------------------------------------------------------------------------------


async def test_a_step_is_done_at_once_and_after_each_pause() -> None:
    clock = VirtualClock()
    step = Step(clock)
    task = asyncio.create_task(periodically(step, 60, clock))
    await clock.pass_until(150)
    assert step.at == [0, 60, 120]
    await cancelled(task)


async def test_a_step_is_done_when_woken_and_the_pause_begins_anew() -> None:
    clock, wake = VirtualClock(), asyncio.Event()
    step = Step(clock)
    task = asyncio.create_task(periodically(step, 60, clock, wake=wake))
    await clock.pass_until(40)
    wake.set()
    await clock.pass_until(110)
    assert step.at == [0, 40, 100]
    await cancelled(task)


async def test_what_wakes_it_during_a_step_is_not_lost() -> None:
    clock, wake = VirtualClock(), asyncio.Event()
    step = Step(clock)
    step.gate.clear()
    task = asyncio.create_task(periodically(step, 60, clock, wake=wake))
    await settle()
    wake.set()
    step.gate.set()
    await settle()
    assert step.at == [0, 0]
    await cancelled(task)


async def test_while_the_store_is_out_the_step_is_repeated_sooner() -> None:
    clock = VirtualClock()
    step, log = Step(clock), ErrorLog()
    step.error = StoreUnavailable("locked")
    loop = periodically(step, 60, clock, retry_seconds=5, log_error=log)
    task = asyncio.create_task(loop)
    await clock.pass_until(11)
    step.error = None
    await clock.pass_until(80)
    assert (step.at, log.errors) == ([0, 5, 10, 15, 75], ["locked"] * 3)
    await cancelled(task)


async def test_without_a_retry_of_its_own_a_failed_step_waits_as_long_as_any() -> None:
    clock = VirtualClock()
    step = Step(clock)
    step.error = StoreError("damaged")
    task = asyncio.create_task(periodically(step, 60, clock, log_error=ErrorLog()))
    await clock.pass_until(61)
    assert step.at == [0, 60]
    await cancelled(task)


@pytest.mark.parametrize(
    ("error", "logged"), [(RuntimeError("a defect"), True), (StoreError("damaged"), False)]
)
async def test_what_is_not_expected_ends_the_loop(error: Exception, logged: bool) -> None:
    clock = VirtualClock()
    step = Step(clock)
    step.error = error
    log_error = ErrorLog() if logged else None
    with pytest.raises(type(error)):
        await clock.drive(periodically(step, 60, clock, log_error=log_error))


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel it; it ends, and nothing of it is left."""
    task.cancel()
    await settle()
    assert task.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("during", ["step", "pause"])
async def test_a_loop_can_be_cancelled(during: str) -> None:
    clock = VirtualClock()
    step = Step(clock)
    if during == "step":
        step.gate.clear()
    task = asyncio.create_task(periodically(step, 60, clock, wake=asyncio.Event()))
    await settle()
    await cancelled(task)


# Until something happens ------------------------------------------------------------------------------------


async def test_what_is_set_is_not_slept_through() -> None:
    clock, event = VirtualClock(), asyncio.Event()
    waiting = asyncio.create_task(until_set(event, 60, clock))
    await settle()
    assert not waiting.done()
    event.set()
    await waiting
    assert clock.monotonic_ns() == 0


async def test_what_is_never_set_is_waited_for_no_longer_than_told() -> None:
    clock = FakeClock(datetime(2026, 11, 21, tzinfo=UTC))
    await until_set(asyncio.Event(), 60, clock)
    assert clock.monotonic_ns() == 60 * NS_PER_SECOND


# Beside the caller ------------------------------------------------------------------------------------------


class Held:
    """Something a task needs, and whether it was let go."""

    def __init__(self) -> None:
        self.released = 0

    def holding(self) -> ExitStack:
        stack = ExitStack()
        stack.callback(self._release)
        return stack

    def _release(self) -> None:
        self.released += 1


async def test_what_is_late_is_cancelled_and_counted() -> None:
    tasks, slow = DetachedTasks(), Work()
    tasks.start(partial(asyncio.sleep, 0), "quick")
    tasks.start(slow, "slow")
    assert await tasks.finish(0.01) == 1
    assert (slow.begun, slow.cancelled) == (1, 1)
    assert await tasks.finish(60) == 0, "nothing is left to wait for"


async def test_what_a_task_needs_is_let_go_when_it_ends() -> None:
    tasks, held, gate = DetachedTasks(), Held(), asyncio.Event()

    async def work() -> None:
        await gate.wait()

    tasks.start(work, "working", holding=held.holding())
    await settle()
    assert held.released == 0
    gate.set()
    await settle()
    assert held.released == 1


@pytest.mark.parametrize("begun", [0, 1])
async def test_what_a_task_needs_is_let_go_when_it_is_cancelled(begun: int) -> None:
    """Also before its first step, when nothing of the work itself can do so."""
    tasks, held, work = DetachedTasks(), Held(), Work()
    tasks.start(work, "working", holding=held.holding())
    if begun:
        await settle()
        assert await tasks.finish(0) == 1
    else:
        (task,) = [each for each in asyncio.all_tasks() if each.get_name() == "working"]
        task.cancel()
    await settle()
    assert (work.begun, work.cancelled, held.released) == (begun, begun, 1)


async def test_a_defect_is_logged_and_lets_go_of_what_was_held() -> None:
    tasks, held = DetachedTasks(), Held()
    errors: list[BaseException] = []
    with capture_logs() as logs:
        tasks.start(Work(failures=1), "first", holding=held.holding())
        tasks.start(Work(failures=1), "second", log_error=lambda *, exc_info: errors.append(exc_info))
        await settle()
    assert held.released == 1
    assert [(each["event"], each["task"]) for each in logs] == [("a task failed", "first")]
    assert [str(error) for error in errors] == ["a defect"]


async def test_cancelling_the_wait_cancels_what_is_waited_for() -> None:
    tasks, held, work = DetachedTasks(), Held(), Work()
    tasks.start(work, "working", holding=held.holding())
    finishing = asyncio.create_task(tasks.finish(60))
    await settle()
    finishing.cancel()
    await settle()
    assert finishing.cancelled()
    assert (work.cancelled, held.released) == (1, 1)


async def test_work_may_start_more_work() -> None:
    tasks, work = DetachedTasks(), Work()

    async def starts_another() -> None:
        tasks.start(work, "another")

    tasks.start(starts_another, "one")
    await settle()
    assert await tasks.finish(0) == 1
    assert work.cancelled == 1
