"""The only place that reads a clock.

Durations come from the monotonic clock, dates from the wall clock in UTC. A kernel receive stamp is a
wall-clock instant; `ClockPair` carries it over to the monotonic scale, and two pairs tell whether the wall
clock stepped between them.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000

monotonic_ns = time.monotonic_ns
wall_ns = time.time_ns
cpu_ns = time.process_time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPair:
    """One instant read on both clocks, in nanoseconds."""

    monotonic_ns: int
    wall_ns: int

    @property
    def offset_ns(self) -> int:
        """Wall minus monotonic; constant while nobody sets the wall clock."""
        return self.wall_ns - self.monotonic_ns

    def to_monotonic_ns(self, wall_ns: int) -> int:
        """A wall-clock instant on the monotonic scale."""
        return wall_ns - self.offset_ns

    def to_utc(self, monotonic_ns: int) -> datetime:
        """A monotonic instant as a UTC date, microseconds."""
        return utc_from_ns(monotonic_ns + self.offset_ns)


def read_pair() -> ClockPair:
    """Read both clocks as close together as Python allows.

    The tightest of three readings is kept: a preemption between the two calls would pass for a step.
    """
    best: ClockPair | None = None
    width = 0
    for _ in range(3):
        before = monotonic_ns()
        wall = wall_ns()
        after = monotonic_ns()
        if best is None or after - before < width:
            width = after - before
            best = ClockPair(monotonic_ns=before + width // 2, wall_ns=wall)
    assert best is not None
    return best


def utc_from_ns(ns: int) -> datetime:
    """Nanoseconds since the epoch as an aware UTC datetime, rounded down to microseconds."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC) + timedelta(
        microseconds=ns % NS_PER_SECOND // 1000
    )


class Clock(Protocol):
    """Where everything above the wire gets the time from; tests hand in a `FakeClock`."""

    def now(self) -> datetime:
        """The date, aware, UTC."""
        ...

    def monotonic_ns(self) -> int: ...

    async def sleep(self, seconds: float, /) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        return monotonic_ns()

    async def sleep(self, seconds: float, /) -> None:
        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that moves only when it is advanced. `sleep` advances it and yields once."""

    def __init__(self, start: datetime, monotonic_ns: int = 0) -> None:
        self._now = start.astimezone(UTC)
        self._monotonic_ns = monotonic_ns

    def now(self) -> datetime:
        return self._now

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic_ns += round(seconds * NS_PER_SECOND)

    async def sleep(self, seconds: float, /) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)
