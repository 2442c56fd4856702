"""Pauses that grow, and a store that is called until it is back."""

from __future__ import annotations

import asyncio

import pytest

from probe.errors import StoreError, StoreUnavailable
from probe.lib.retry import Backoff, while_unavailable
from tests.lib.clocks import VirtualClock, settle

LOCKED = StoreUnavailable("locked")


class Call:
    """Raises so many times before it returns the number of the call."""

    def __init__(self, failures: float, error: Exception = LOCKED) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return self.calls


class ErrorLog:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def __call__(self, *, error: str) -> None:
        self.errors.append(error)


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    backoff = Backoff(0.5, 3)
    assert [backoff.next_seconds() for _ in range(5)] == [0.5, 1, 2, 3, 3]
    backoff.reset()
    assert backoff.next_seconds() == 0.5


async def test_it_is_called_until_the_store_is_back() -> None:
    clock, call, log = VirtualClock(), Call(failures=3), ErrorLog()
    assert await clock.drive(while_unavailable(call, clock, log_error=log)) == 4
    assert (clock.seconds, log.errors) == (6, ["locked"] * 3)


@pytest.mark.parametrize(("patience", "calls"), [(0, 1), (1.9, 1), (2, 2), (60, 31)])
async def test_patience_ends_with_the_last_error(patience: float, calls: int) -> None:
    clock, call, log = VirtualClock(), Call(failures=1000), ErrorLog()
    with pytest.raises(StoreUnavailable, match="locked"):
        await clock.drive(while_unavailable(call, clock, log_error=log, patience_seconds=patience))
    assert (call.calls, len(log.errors)) == (calls, calls)
    assert clock.seconds <= patience


@pytest.mark.parametrize("error", [StoreError("damaged"), RuntimeError("a defect")])
async def test_another_error_is_raised_at_once(error: Exception) -> None:
    clock, call, log = VirtualClock(), Call(failures=1000, error=error), ErrorLog()
    with pytest.raises(type(error)) as raised:
        await clock.drive(while_unavailable(call, clock, log_error=log))
    assert raised.value is error
    assert (call.calls, log.errors) == (1, [])


@pytest.mark.parametrize(("at_seconds", "calls"), [(-1, 1), (1, 2), (2.5, 3)])
async def test_the_caller_may_give_up_after_each_call(at_seconds: float, calls: int) -> None:
    clock, call = VirtualClock(), Call(failures=1000)
    with pytest.raises(StoreUnavailable):
        await clock.drive(
            while_unavailable(call, clock, log_error=ErrorLog(), give_up=lambda: clock.seconds > at_seconds)
        )
    assert call.calls == calls


async def test_it_may_be_cancelled_during_a_pause_and_during_a_call() -> None:
    clock, call = VirtualClock(), Call(failures=1)
    task = asyncio.create_task(while_unavailable(call, clock, log_error=ErrorLog()))
    await settle()
    task.cancel()
    await settle()
    assert task.cancelled()

    async def never() -> None:
        await asyncio.Event().wait()

    waiting = asyncio.create_task(while_unavailable(never, clock, log_error=ErrorLog()))
    await settle()
    waiting.cancel()
    await settle()
    assert waiting.cancelled()
