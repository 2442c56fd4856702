"""What is due: pure. Planned instants in, what runs and what was missed out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Timetable(Protocol):
    """When something is planned, as aware dates in UTC; see `probe.scheduling.cron.CronTimetable`."""

    def next_after(self, instant: datetime, /) -> datetime | None: ...

    def between(self, after: datetime, until: datetime, /) -> Iterator[datetime]:
        """Every instant with `after < instant <= until`, in order."""
        ...

    def interval_seconds(self, after: datetime, /) -> float:
        """The usual time between two instants."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """`count` planned instants, from `first` to `last`, at which nothing ran."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Due:
    """`run` is the instant that runs now."""

    run: datetime | None = None
    missed: Missed | None = None


def sift(planned: Iterable[datetime], now: datetime, grace_seconds: float) -> Due:
    """Sort what was planned up to `now`, given in order.

    The latest instant runs unless it is older than the grace; all before it is missed, never caught up.
    """
    first = before = latest = None
    count = 0
    for instant in planned:
        first = first or instant
        before, latest = latest, instant
        count += 1
    if first is None or latest is None:
        return Due()
    if now - latest > timedelta(seconds=grace_seconds):
        return Due(missed=Missed(first, latest, count))
    return Due(run=latest, missed=None if before is None else Missed(first, before, count - 1))


def all_missed(planned: Iterable[datetime]) -> Missed | None:
    """Everything that was planned, given in order."""
    instants = list(planned)
    return Missed(instants[0], instants[-1], len(instants)) if instants else None
