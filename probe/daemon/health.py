"""What the daemon checks of itself every few seconds: how late its loop is, and how the store does."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Protocol

import structlog

from probe.errors import StoreError
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.store.store import StoreFacts

_log = structlog.get_logger("probe.daemon.health")

_BEAT_SECONDS = 0.5
_LOOK_BEATS = 8
_LAG_BEATS = 30
# A server that hangs is asked again once it has answered.
_ANSWER_SECONDS = 3.0
_SILENT = "the database does not answer; check that it is up and not overloaded"
# While the store is out.
_AGAIN_BEATS = 2


class CheckedStore(Protocol):
    """What is checked of the store; see `probe.store`."""

    @property
    def write_error(self) -> str | None: ...

    async def facts(self) -> StoreFacts: ...

    async def try_writing(self) -> None: ...


class SelfChecks:
    """`facts` is the store's latest answer."""

    def __init__(self, store: CheckedStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read_error: str | None = None
        self._lags: deque[float] = deque(maxlen=_LAG_BEATS)
        self._asking: asyncio.Task[None] | None = None
        self._silent = False
        self._said: str | None = None
        self.facts: StoreFacts | None = None

    @property
    def lag_seconds(self) -> float | None:
        """The longest that the loop was late in the last quarter of a minute; None in the first moment."""
        return max(self._lags, default=None)

    @property
    def store_error(self) -> str | None:
        """Why the store could not be read at the last look, or written since; None if it could."""
        return self._read_error or self._store.write_error or (_SILENT if self._silent else None)

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self._bounded(self._look_and_write)
                self._say()
                await self._until_next_look()
        finally:
            if self._asking is not None:
                self._asking.cancel()
                await asyncio.wait([self._asking])

    async def look(self) -> None:
        """Check the store now."""
        await self._bounded(self._look)

    async def _bounded(self, ask: Callable[[], Coroutine[object, object, None]]) -> None:
        """A call is not cancelled, which would leave a connection behind: it is waited for the next time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(ask(), name="look at the store")
        done, _ = await asyncio.wait([self._asking], timeout=_ANSWER_SECONDS)
        self._silent = not done
        for task in done:
            task.result()

    async def _look(self) -> None:
        try:
            self.facts = await self._store.facts()
            self._read_error = None
        except StoreError as exc:
            self._read_error = str(exc)

    async def _look_and_write(self) -> None:
        """Nobody else may write for an hour, and a run that was refused is not tried again."""
        await self._look()
        with contextlib.suppress(StoreError):  # the store notes it itself
            await self._store.try_writing()

    def _say(self) -> None:
        """In the log, once."""
        error = self.store_error
        if error == self._said:
            return
        if error is None:
            _log.info("the database is well again")
        else:
            _log.error("the database is not well", error=error)
        self._said = error

    async def _until_next_look(self) -> None:
        for beat in range(1, _LOOK_BEATS + 1):
            before_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_SECONDS)
            slept = (self._clock.monotonic_ns() - before_ns) / NS_PER_SECOND
            self._lags.append(max(0.0, slept - _BEAT_SECONDS))
            if beat >= _AGAIN_BEATS and self.store_error is not None:
                break
