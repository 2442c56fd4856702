"""A job in force, and how it has been doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from probe.facts.slot import Slot
from probe.facts.status import JobStatus
from probe.scheduling.due import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob:
    """`handler` carries out the run of a claimed slot and ends it in the store, also when it is cancelled.

    `suite` and `planned_attempts` go into the run's row; `targets` are the names of what is probed. A run
    `at_start` has an instant and no slot in the store; the handler is called with both alike. A `chore` sends
    no probes and is none of the configured jobs.
    """

    name: str
    timetable: Timetable
    handler: Callable[[Slot, UUID], Awaitable[None]]
    suite: str
    targets: tuple[str, ...] = ()
    planned_attempts: int | None = None
    at_start: bool = False
    chore: bool = False


class Past(NamedTuple):
    """What the store remembers of a job."""

    last_slot: Slot | None
    last_run_at: datetime | None


class Duty:
    """All that was planned up to `seen_until` was dealt with. `busy_with` is the instant of the open run."""

    def __init__(self, job: ScheduledJob, past: Past, now: datetime) -> None:
        self.job = job
        self.seen_until = now if past.last_slot is None else min(past.last_slot.planned_at, now)
        self.busy_with: datetime | None = None
        self.interval_seconds: float | None = None
        self.runs = 0
        self.missed = 0
        self.late = 0
        self.overlapped = 0
        self.last_run_at = past.last_run_at
        self.last_duration_seconds: float | None = None

    @contextmanager
    def busy(self, instant: datetime) -> Iterator[None]:
        """A run is going; slots that come meanwhile overlap with it."""
        self.busy_with = instant
        try:
            yield
        finally:
            self.busy_with = None

    def take_over(self, job: ScheduledJob, now: datetime) -> None:
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
