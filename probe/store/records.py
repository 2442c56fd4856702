"""What the store hands out besides samples. Facts, frozen; None is unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from probe.analysis.tally import Tally
from probe.catalog.models.listed import Lifecycle
from probe.catalog.prices.price import DatedPrice, Price, PriceEntry
from probe.facts.event import Event, EventKind, Severity
from probe.facts.sample import FailureKind, Fault, Sample, TargetKind
from probe.wire.request import Connection

RunStatus = Literal["running", "finished", "interrupted", "failed", "skipped"]
RunEnd = Literal["finished", "interrupted", "failed", "skipped"]
SlotStatus = Literal["claimed", "done", "interrupted", "skipped", "missed", "overlapped"]
DiscoveryStatus = Literal["running", "complete", "failed", "interrupted"]
DiscoveryEnd = Literal["complete", "failed"]
QuoteStatus = Literal["current", "held", "rejected", "superseded"]
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


class StoredPrice(NamedTuple):
    """An entry of the price history and its place in the order of storing."""

    sequence: int
    entry: PriceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRecord:
    id: UUID
    name: str
    base_url: str
    logo_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A price that was new: `before` is the one in force until then, None if there was none."""

    provider: str
    model: str
    before: DatedPrice | None
    after: DatedPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """`price` is the latest one, `last_seen_at` the end of the last attempt.

    What the provider's model list says is None if it does not, and for a model that was never listed.
    `listed_first_at` and `listed_last_at` are the listings that had it, `vanished_at` the first that lacked
    it since.
    """

    id: UUID
    name: str
    provider: str
    context_window: int | None
    created_at: datetime
    price: DatedPrice | None
    last_seen_at: datetime | None
    display_name: str | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    released_at: datetime | None = None
    lifecycle: Lifecycle | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    listed_first_at: datetime | None = None
    listed_last_at: datetime | None = None
    vanished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRecord:
    """One request for the model list of a provider; the figures count models.

    `error` is why it failed, one line; a failed one has listed nothing.
    """

    id: UUID
    provider: str
    triggered_by: str
    started_at: datetime
    finished_at: datetime | None
    status: DiscoveryStatus
    listed: int
    appeared: int
    changed: int
    vanished: int
    error: str | None


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
class QuoteRecord:
    """What one source says that one model costs, exact.

    `current` is what the source says now, `held` what waits for review beside it, `superseded` what it said
    before. `fetched_at` is when it said so last, `effective_on` the day from which it holds by its own word;
    both are those of `price`, too. `decided_at` is when it was accepted, rejected or superseded, `reason` why
    it is held or was rejected.
    """

    id: UUID
    source: str
    provider: str
    model: str
    price: Price
    fetched_at: datetime
    effective_on: date | None = None
    status: QuoteStatus = "current"
    decided_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """What the results of one job (or of one name given by hand) cost at one provider.

    `results` counts all of them: a result whose cost is unknown adds nothing to `usd`.
    """

    provider: str
    job: str
    usd: Decimal
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalUsage:
    """Mean tokens of the `results` successes whose counts are known."""

    input_tokens: float
    output_tokens: float
    results: int


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
    """What one target did over one kind of connection in a window that starts at `since`.

    The series stand in the order of time; `ttft_at_seconds` are the instants of the first, counted from the
    start of the window. `attempts_by_hour[0]` is the first hour of the window.
    """

    target: str
    connection: Connection
    provider: str
    model: str
    kind: TargetKind
    location: str
    since: datetime
    failures: Mapping[FailureKind, int]
    ttft_at_seconds: Sequence[float]
    attempts_by_hour: tuple[int, ...]
    successes_by_hour: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """How many rows went. `undelivered` of them were never given to an exporter that waits for them."""

    results: int
    runs: int
    slots: int
    prices: int
    discoveries: int = 0
    events: int = 0
    quotes: int = 0
    undelivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """What a database says of itself. `size_bytes` is None if this program may not see it."""

    dialect: str
    shown: str
    revision: str
    last_sequence: int
    size_bytes: int | None
