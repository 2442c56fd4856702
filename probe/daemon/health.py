"""What the daemon checks of itself every few seconds: how late its loop is, and how the store does."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Protocol

from probe.errors import StoreError
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.store.records import StoreFacts

_BEAT_SECONDS = 0.5
_LOOK_BEATS = 30
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
        self._lags: deque[float] = deque(maxlen=_LOOK_BEATS)
        self.facts: StoreFacts | None = None

    @property
    def lag_seconds(self) -> float | None:
        """The longest that the loop was late in the last quarter of a minute; None in the first moment."""
        return max(self._lags, default=None)

    @property
    def store_error(self) -> str | None:
        """Why the store could not be read at the last look, or written since; None if it could."""
        return self._read_error or self._store.write_error

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            if self._store.write_error is not None:
                await self._try_writing()
            await self._until_next_look()

    async def look(self) -> None:
        """Check the store now."""
        try:
            self.facts = await self._store.facts()
            self._read_error = None
        except StoreError as exc:
            self._read_error = str(exc)

    async def _try_writing(self) -> None:
        """What could not be written may be nothing that anybody tries again, as a run that was refused."""
        with contextlib.suppress(StoreError):  # the store notes it itself
            await self._store.try_writing()

    async def _until_next_look(self) -> None:
        for beat in range(1, _LOOK_BEATS + 1):
            before_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_SECONDS)
            slept = (self._clock.monotonic_ns() - before_ns) / NS_PER_SECOND
            self._lags.append(max(0.0, slept - _BEAT_SECONDS))
            if beat >= _AGAIN_BEATS and self.store_error is not None:
                break
