"""Work in the background: as long as the stack is open, whatever happens to it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from probe.lib.clock import NS_PER_SECOND, FakeClock
from probe.lib.tasks import background, finish, soon, until_set
from tests.lib.clocks import VirtualClock, settle


class Work:
    """Fails as often as it is told to, then goes on for ever."""

    def __init__(self, failures: int) -> None:
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


async def test_it_ends_with_the_stack() -> None:
    work = Work(failures=0)
    async with AsyncExitStack() as stack:
        background(stack, work, "counting", VirtualClock())
        await settle()
        assert (work.begun, work.cancelled) == (1, 0)
    assert work.cancelled == 1
    assert "counting" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_work_that_fails_is_said_and_begun_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr("probe.lib.tasks._log.exception", lambda _, part: said.append(part))
    clock, work = VirtualClock(), Work(failures=2)
    async with AsyncExitStack() as stack:
        background(stack, work, "counting", clock)
        await clock.pass_until(5)
        assert (work.begun, said) == (1, ["counting"])
        await clock.pass_until(60)
        assert (work.begun, said) == (3, ["counting", "counting"])
    assert work.cancelled == 1


async def test_the_stack_may_be_left_during_the_pause() -> None:
    work = Work(failures=1000)
    async with AsyncExitStack() as stack:
        background(stack, work, "counting", VirtualClock())
        await settle()
    assert work.begun == 1


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


async def test_what_is_done_once_is_broken_off_with_the_stack() -> None:
    work = Work(failures=0)
    async with AsyncExitStack() as stack:
        soon(stack, work, "reading")
        await settle()
    assert (work.begun, work.cancelled) == (1, 1)


async def test_what_fails_once_is_said_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr("probe.lib.tasks._log.exception", lambda _, part: said.append(part))
    work = Work(failures=1)
    async with AsyncExitStack() as stack:
        soon(stack, work, "reading")
        await settle()
    assert (work.begun, said) == (1, ["reading"])


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


async def test_what_is_late_is_cancelled_and_counted() -> None:
    quick = asyncio.create_task(asyncio.sleep(0))
    slow = asyncio.create_task(asyncio.Event().wait())
    assert await finish([quick, slow], 0.01) == 1
    assert (quick.cancelled(), slow.cancelled()) == (False, True)
    assert await finish([], 60) == 0
