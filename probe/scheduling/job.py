"""A job in force, what of it is due, and how it has been doing.

Misfire grace, coalescing and at most one instance are APScheduler's names for what `split_misfires` and
`JobState` do: an instant that is older than the grace does not run, of several that are due only the latest
does, and none while the run before is still going.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from probe.facts.slot import Slot
from probe.facts.status import JobStatus


class Timetable(Protocol):
    """When something is planned, as aware dates in UTC; see `probe.scheduling.cron.CronTimetable`."""

    def next_after(self, instant: datetime, /) -> datetime | None: ...

    def between(self, after: datetime, until: datetime, /) -> Iterator[datetime]:
        """Every instant with `after < instant <= until`, in order."""
        ...

    def interval_seconds(self, after: datetime, /) -> float:
        """The usual time between two instants."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob:
    """`handler` does the run of a claimed slot and ends it in the store, also when it is cancelled.

    `suite` and `planned_attempts` go into the run's row; `targets` are the names of what is probed. A run
    `at_start` has an instant and no slot in the store; the handler is called with both alike. `maintenance`
    sends no probes and is none of the configured jobs.
    """

    name: str
    timetable: Timetable
    handler: Callable[[Slot, UUID], Awaitable[None]]
    suite: str
    targets: tuple[str, ...] = ()
    planned_attempts: int | None = None
    at_start: bool = False
    maintenance: bool = False


@dataclass(frozen=True, slots=True)
class Misfires:
    """`count` planned instants, from `first` to `last`, at which nothing ran."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class DueInstants:
    """`run` is the instant that runs now."""

    run: datetime | None = None
    missed: Misfires | None = None


def split_misfires(planned: Iterable[datetime], now: datetime, grace_seconds: float) -> DueInstants:
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
        return DueInstants()
    if now - latest > timedelta(seconds=grace_seconds):
        return DueInstants(missed=Misfires(first, latest, count))
    return DueInstants(run=latest, missed=None if before is None else Misfires(first, before, count - 1))


def all_missed(planned: Iterable[datetime]) -> Misfires | None:
    """Everything that was planned, given in order; None if that is nothing."""
    instants = list(planned)
    return Misfires(instants[0], instants[-1], len(instants)) if instants else None


class JobHistory(NamedTuple):
    """What the store remembers of a job."""

    last_slot: Slot | None
    last_run_at: datetime | None


class JobState:
    """A job in force with its counts.

    All that was planned up to `seen_until` was dealt with. `running_since` is the instant of the run under
    way, None if there is none; `start_due_at` that of a run at the start which is still to be made.
    """

    def __init__(self, job: ScheduledJob, history: JobHistory, now: datetime) -> None:
        self.job = job
        self.seen_until = now if history.last_slot is None else min(history.last_slot.planned_at, now)
        self.running_since: datetime | None = None
        self.start_due_at: datetime | None = None
        self.interval_seconds: float | None = None
        self.runs = 0
        self.missed = 0
        self.late = 0
        self.overlapped = 0
        self.last_run_at = history.last_run_at
        self.last_duration_seconds: float | None = None

    @contextmanager
    def running(self, instant: datetime) -> Iterator[None]:
        """A run is under way; slots that come meanwhile overlap with it."""
        self.running_since = instant
        try:
            yield
        finally:
            self.running_since = None

    def count_missed(self, slots: int) -> None:
        self.missed += slots

    def count_overlapped(self) -> None:
        self.overlapped += 1

    def replace_job(self, job: ScheduledJob, now: datetime) -> None:
        if job.timetable != self.job.timetable:
            # What the old timetable had planned up to now was dealt with when it was due.
            self.seen_until = now
        self.job = job

    def status(self, now: datetime | None) -> JobStatus:
        """`now` None: nothing will be run any more."""
        return JobStatus(
            job=self.job.name,
            suite=self.job.suite,
            targets=self.job.targets,
            interval_seconds=self.interval_seconds,
            runs=self.runs,
            missed=self.missed,
            late=self.late,
            overlapped=self.overlapped,
            last_run_at=self.last_run_at,
            last_duration_seconds=self.last_duration_seconds,
            next_run_at=None if now is None else self.job.timetable.next_after(now),
        )
