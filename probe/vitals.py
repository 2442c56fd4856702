"""What the daemon looks up of itself every few seconds: how late its loop is, and how the store does."""

from __future__ import annotations

import asyncio
from typing import Protocol

from probe.clock import NS_PER_SECOND, Clock
from probe.errors import StoreError
from probe.store import StoreFacts

_LOOK_SECONDS = 15.0
_BEAT_SECONDS = 0.5


class Facts(Protocol):
    async def facts(self) -> StoreFacts: ...


class Vitals:
    """`lag_seconds` is the longest that the loop was late between the last two looks, None before.

    `facts` is the store's latest answer; `store_error` why it did not answer last, None where it did.
    """

    def __init__(self, store: Facts, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.lag_seconds: float | None = None
        self.facts: StoreFacts | None = None
        self.store_error: str | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            self.lag_seconds = await self._longest_lag(_LOOK_SECONDS)

    async def look(self) -> None:
        """Ask the store now."""
        try:
            self.facts = await self._store.facts()
            self.store_error = None
        except StoreError as exc:
            self.store_error = str(exc)

    async def _longest_lag(self, seconds: float) -> float:
        longest = 0.0
        for _ in range(round(seconds / _BEAT_SECONDS)):
            before_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_SECONDS)
            slept = (self._clock.monotonic_ns() - before_ns) / NS_PER_SECOND
            longest = max(longest, slept - _BEAT_SECONDS)
        return longest
