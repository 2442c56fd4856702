"""A clock for tests of concurrent code: time passes only while everybody waits for it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from probe.lib.clock import FakeClock

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

T = TypeVar("T")


class VirtualClock(FakeClock):
    """Sleepers wake in the order of their instants; `drive` moves the clock from one to the next.

    It moves when the event loop has nothing else to do, so real input and output must not be waited for.
    """

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.monotonic_ns() / 1e9

    async def sleep(self, seconds: float, /) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        wake_ns = self.monotonic_ns() + round(seconds * 1e9)
        heapq.heappush(self._sleepers, (wake_ns, next(self._order), waiter))
        await waiter

    async def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end. AssertionError where everybody waits and nobody sleeps."""
        task = asyncio.ensure_future(work)
        try:
            while True:
                await settle()
                if task.done():
                    return task.result()
                assert self._wake_next(), "everything waits and nothing will happen"
        finally:
            task.cancel()

    async def pass_until(self, seconds: float) -> None:
        """Let time pass up to that many seconds since the start, waking whoever is due."""
        until_ns = round(seconds * 1e9)
        while True:
            await settle()
            self._drop_cancelled()
            if not self._sleepers or self._sleepers[0][0] > until_ns:
                break
            self._wake_next()
        self.advance((until_ns - self.monotonic_ns()) / 1e9)
        await settle()

    def _wake_next(self) -> bool:
        self._drop_cancelled()
        if not self._sleepers:
            return False
        wake_ns, _, waiter = heapq.heappop(self._sleepers)
        if wake_ns > self.monotonic_ns():
            self.advance((wake_ns - self.monotonic_ns()) / 1e9)
        waiter.set_result(None)
        return True

    def _drop_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


async def settle() -> None:
    """Until no other task can take a step."""
    loop: Any = asyncio.get_running_loop()
    await asyncio.sleep(0)
    while loop._ready:  # noqa: ASYNC110  there is no event for "nothing is left to do"
        await asyncio.sleep(0)
