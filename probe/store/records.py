"""What listings of the store take and give, and the records of runs and of the leaderboard: frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from probe.analysis.tally import Tally
from probe.facts.event import Event, EventKind, Severity
from probe.facts.sample import FailureKind, Fault, Sample, TargetKind
from probe.wire.request import Connection

RunStatus = Literal["running", "finished", "interrupted", "failed", "skipped"]
RunEnd = Literal["finished", "interrupted", "failed", "skipped"]
SlotStatus = Literal["claimed", "done", "interrupted", "skipped", "missed", "overlapped"]
# What is numbered in the order of storing, so that it can be delivered.
Journal = Literal["results", "events", "prices"]

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Generic[_Item]):
    """Some items of a listing; `next` asks for those after them, None if there are none."""

    items: tuple[_Item, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFilter:
    """Which results to list; None does not filter.

    `since` is included, `until` is not; both look at `created_at`, the end of the attempt. `reported` is
    whether the provider said anything of the request itself (`Sample.reported`).
    """

    provider: str | None = None
    model: str | None = None
    target: str | None = None
    kind: TargetKind | None = None
    success: bool | None = None
    failure_kind: FailureKind | None = None
    fault: Fault | None = None
    connection: Connection | None = None
    suite: str | None = None
    run_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    reported: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to list; None does not filter.

    `since` is included, `until` is not; both look at `started_at`.
    """

    run_name: str | None = None
    triggered_by: str | None = None
    suite: str | None = None
    status: RunStatus | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredSample(NamedTuple):
    """A sample and its place in the order of storing."""

    sequence: int
    sample: Sample


class StoredEvent(NamedTuple):
    """An event and its place in the order of storing."""

    sequence: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to list; None does not filter. `since` is included, `until` is not."""

    kind: EventKind | None = None
    severity: Severity | None = None
    provider: str | None = None
    model: str | None = None
    scope: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """`attempts`, `successes` and `failures` count the results stored so far.

    `skipped_attempts` were not made, to spare the provider; None while it is not known.
    A run that is `skipped` made no attempt at all; `note` says why.
    """

    id: UUID
    run_name: str
    triggered_by: str
    started_at: datetime
    finished_at: datetime | None
    status: RunStatus
    suite: str
    planned_attempts: int | None
    skipped_attempts: int | None
    owner: str
    attempts: int
    successes: int
    note: str | None = None

    @property
    def failures(self) -> int:
        return self.attempts - self.successes


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCounts:
    """How many planned instants of one job ended how, over all that is remembered.

    `claimed` counts every slot that was run, whatever became of it; `late`, `interrupted` and `skipped` are
    among them.
    """

    claimed: int = 0
    interrupted: int = 0
    skipped: int = 0
    late: int = 0
    missed: int = 0
    overlapped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRow(Tally):
    """What one target did over one kind of connection, asked one suite, in a window that starts at `since`.

    The series stand in the order of time; `ttft_at_seconds` are the instants of the first, counted from the
    start of the window. `attempts_by_hour[0]` is the first hour of the window.
    """

    target: str
    connection: Connection
    suite: str
    provider: str
    model: str
    kind: TargetKind
    location: str
    since: datetime
    failures: Mapping[FailureKind, int]
    ttft_at_seconds: Sequence[float]
    attempts_by_hour: tuple[int, ...]
    successes_by_hour: tuple[int, ...]
