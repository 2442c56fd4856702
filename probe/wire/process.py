"""The stopwatch in a process of its own, so that nothing the daemon does can delay a read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from probe.errors import StopwatchError
from probe.wire.capture import Capture
from probe.wire.child import Child
from probe.wire.message import check
from probe.wire.request import WireRequest

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
        self._closing = False
        self.restarts = 0

    @classmethod
    async def start(cls, environment: Mapping[str, str] | None = None) -> StopwatchProcess:
        """Start the child and wait until it is ready. Raises StopwatchError where it does not come up.

        Of `environment` the child gets what its interpreter, its resolver and its trust store need, and
        nothing else (see `child.PASSED_ON`).
        """
        stopwatch = cls(environment or {})
        stopwatch._child.set_result(await Child.spawn(stopwatch._environment))
        stopwatch._supervisor = asyncio.create_task(stopwatch._supervise())
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
        if self._closing:
            raise StopwatchError("the stopwatch is closed")
        check(request)
        child = await asyncio.shield(self._child)
        return await child.exchange(request)

    async def _supervise(self) -> None:
        while True:
            child = self._child.result()
            await child.serve()
            if self._closing:
                return
            self._child = asyncio.get_running_loop().create_future()
            await self._start_again()

    async def _start_again(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            self.restarts += 1
            try:
                self._child.set_result(await Child.spawn(self._environment))
                return
            except StopwatchError as exc:
                self._child.set_exception(exc)
                self._child.exception()  # nobody may be waiting for it
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self._child = asyncio.get_running_loop().create_future()

    async def aclose(self) -> None:
        """Break off what is open, as "cancelled", and end the child. A second call does nothing."""
        if self._closing:
            return
        self._closing = True
        assert self._supervisor is not None
        if self._child.done() and self._child.exception() is None:
            await self._child.result().aclose()
        else:
            if not self._child.done():
                self._child.set_exception(StopwatchError("the stopwatch is closed"))
                self._child.exception()  # nobody may be waiting for it
            self._supervisor.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervisor
