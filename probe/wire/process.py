"""The stopwatch in a process of its own, so that nothing the daemon does can delay a read."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import structlog

from probe.errors import StopwatchError
from probe.lib.retry import Backoff
from probe.wire.capture import Capture
from probe.wire.child import Child
from probe.wire.message import check
from probe.wire.request import WireRequest

_log = structlog.get_logger("probe.wire")

# A child that dies at once is started again after a pause that doubles up to the longest.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class StopwatchProcess:
    """A `Wire` whose exchanges run in a child process. The child is started again whenever it dies.

    Made by `start`, used inside the running event loop, ended by `aclose`. The exchanges that a dying child
    leaves behind come back as Captures that failed with the reason "probe".
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._child: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._supervisor: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.restarts = 0

    @classmethod
    async def start(cls, environment: Mapping[str, str] | None = None) -> "StopwatchProcess":
        """Start the child and wait until it is ready. Raises StopwatchError where it does not come up.

        Of `environment` the child gets what its interpreter, its resolver and its trust store need, and
        nothing else (see `child.PASSED_ON`).
        """
        stopwatch = cls(environment or {})
        child = await Child.spawn(stopwatch._environment)
        stopwatch._child.set_result(child)
        stopwatch._supervisor = asyncio.create_task(stopwatch._supervise(child))
        return stopwatch

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        future = self._child
        return future.result().pid if future.done() and future.exception() is None else None

    async def exchange(self, request: WireRequest, /) -> Capture:
        """See `Wire`. Raises ValueError for a request that HTTP/1.1 cannot carry.

        While the child is being started again this waits; raises StopwatchError where that fails.
        """
        if self._closing.is_set():
            raise StopwatchError("the stopwatch is closed")
        check(request)
        child = await asyncio.shield(self._child)
        return await child.exchange(request)

    async def _supervise(self, first: Child) -> None:
        child: Child | None = first
        while child is not None:
            await child.serve()
            # A caller that comes now waits for the next child.
            self._child = asyncio.get_running_loop().create_future()
            status = await child.reap()
            if not self._closing.is_set():
                _log.error("the stopwatch process ended; another is started", pid=child.pid, status=status)
            child = await self._start_again()

    async def _start_again(self) -> Child | None:
        """The next child; None once this is closed. A caller that waits meanwhile learns of each failure."""
        backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while not self._closing.is_set():
            self.restarts += 1
            try:
                child = await Child.spawn(self._environment)
            except StopwatchError as exc:
                pause = backoff.next_seconds()
                _log.error("the stopwatch process cannot be started", error=str(exc), pause_seconds=pause)
                self._refuse(exc)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._closing.wait()
                self._child = asyncio.get_running_loop().create_future()
            else:
                self._child.set_result(child)
                return child
        self._refuse(StopwatchError("the stopwatch is closed"))
        return None

    def _refuse(self, error: StopwatchError) -> None:
        self._child.set_exception(error)
        self._child.exception()  # nobody may be waiting for it

    async def aclose(self) -> None:
        """Break off what is open, as "cancelled", and end the child. A second call does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        assert self._supervisor is not None
        while not self._supervisor.done():
            if self._child.done() and self._child.exception() is None:
                await self._child.result().aclose()
            changes: tuple[asyncio.Future[Any], ...] = (self._supervisor, self._child)
            await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
        self._supervisor.result()
