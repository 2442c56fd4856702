"""Where the board gets its rows: the store, read again once there is something new."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.facts.sample import Sample, TargetKind
from probe.lib.clock import Clock
from probe.reports.leaderboard import HOURS
from probe.store.records import LeaderboardRow, ResultFilter
from probe.store.store import Store

_WINDOW = timedelta(hours=HOURS)
# The window moves on even if nothing new is stored.
_KEPT_SECONDS = 30
# Enough that one target which always fails does not hide the others.
FAILURES_READ = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardWindow:
    """The last 24 hours up to `until`."""

    until: datetime
    sequence: int
    rows: tuple[LeaderboardRow, ...]


class WindowCache:
    """Many viewers cost what one does: a window is read once for all who ask while nothing new is stored."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._window: LeaderboardWindow | None = None
        self._reading = asyncio.Lock()

    async def window(self) -> LeaderboardWindow:
        """Raises StoreError."""
        async with self._reading:
            now = self._clock.now()
            sequence = await self._store.results.last_sequence()
            kept = self._window
            if (
                kept is None
                or kept.sequence != sequence
                or not timedelta(0) <= now - kept.until < timedelta(seconds=_KEPT_SECONDS)
            ):
                rows = await self._store.recent_attempts.rows(now - _WINDOW, now)
                kept = self._window = LeaderboardWindow(until=now, sequence=sequence, rows=rows)
            return kept

    async def failures(self, kind: TargetKind | None, suite: str | None, now: datetime) -> Sequence[Sample]:
        """The latest of the last 24 hours, newest first. Raises StoreError."""
        page = await self._store.results.page(
            ResultFilter(success=False, kind=kind, suite=suite, since=now - _WINDOW), limit=FAILURES_READ
        )
        return page.items
