"""The JSON of API and CLI, made from facts. Durations are seconds, instants are UTC, unknown is null.

Money is a string in plain decimal notation: a JSON number becomes a binary fraction in most readers, and sums
of those drift. The fields of a result are those of `probe.facts.sample.Sample`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema, computed_field

from probe.analysis.jitter import Light
from probe.facts.event import EventKind, Severity
from probe.facts.sample import (
    Distrust,
    FailureKind,
    Fault,
    Remark,
    ReportSource,
    TargetKind,
    TokenSource,
    Unreported,
)
from probe.reports.leaderboard import State
from probe.store.records import RunStatus
from probe.wire.capture import StampSource
from probe.wire.request import Connection

Usd = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["0.000123"]}),
]


class Body(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, *facts: object, **fields: object) -> Self:
        """Each field from the first of the facts that has it, unless it is given in `fields`."""
        found = {
            name: getattr(fact, name)
            for fact in reversed(facts)
            for name in cls.model_fields
            if hasattr(fact, name)
        }
        return cls.model_validate({**found, **fields})


Item = TypeVar("Item", bound=Body)


class Listing(Body, Generic[Item]):
    """`next` goes into the parameter `cursor` of the next request; null after the last page."""

    items: list[Item]
    next: str | None = None


class ProviderBody(Body):
    id: UUID
    name: str
    base_url: str
    logo_url: str | None
    created_at: datetime


class RunBody(Body):
    """`attempts`, `successes` and `failures` count the results stored so far.

    `skipped_attempts` were not made, to spare the provider; null while the run goes on.
    A run whose status is `skipped` made no attempt at all, and `note` says why.
    """

    id: UUID
    run_name: str
    triggered_by: str
    suite: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    planned_attempts: int | None
    skipped_attempts: int | None
    attempts: int
    successes: int
    failures: int
    note: str | None


class TargetBody(Body):
    name: str
    provider: str
    model: str
    base_url: str
    kind: TargetKind
    location: str


class FailureBody(Body):
    """Why there is no whole answer, and whose fault that is."""

    kind: FailureKind
    fault: Fault
    detail: str
    retry_after_seconds: float | None


class TimingBody(Body):
    """A phase that was not reached, or not needed, is null, and so is what `withheld` names.

    The time to the first token of an answer at a later try of a gateway is `later_try_ttft_seconds` alone.
    """

    redirect_seconds: float | None
    dns_seconds: float | None
    connect_seconds: float | None
    proxy_seconds: float | None
    tls_seconds: float | None
    send_seconds: float | None
    ttfb_seconds: float | None
    ttft_seconds: float | None
    ttft_server_seconds: float | None
    ttfa_seconds: float | None
    total_latency_seconds: float | None
    drain_seconds: float | None
    duration_seconds: float
    itl_seconds: float | None
    stream_jitter_seconds: float | None
    tps: float | None
    tps_steady: float | None
    later_try_ttft_seconds: float | None
    withheld: tuple[str, ...]


class UsageBody(Body):
    """`source` says who counted the tokens."""

    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    source: TokenSource


class ReportedBody(Body):
    """What the provider says of the request; `source` is where: response, headers or metrics."""

    source: ReportSource
    load_seconds: float | None
    queue_seconds: float | None
    prompt_seconds: float | None
    prompt_tokens: int | None
    prompt_tokens_per_second: float | None
    completion_seconds: float | None
    completion_tokens: int | None
    completion_tokens_per_second: float | None
    ttft_seconds: float | None
    itl_seconds: float | None
    total_seconds: float | None
    cost_usd: Usd | None
    upstream: str | None


class CostBody(Body):
    total_usd: Usd
    input_price_per_million_usd: Usd | None
    output_price_per_million_usd: Usd | None
    price_source: str


class ResultBody(Body):
    """One attempt. `failure` is null for a success.

    `trusted` is false if durations are unknown that should be known; `distrust` says why: the wall clock was
    set (`clock_step`), or the stopwatch was held up (`starved`; `timing.withheld` says which).
    `unreported` is why the engine behind the target says nothing of a whole answer.
    """

    id: UUID
    run_id: UUID
    target: TargetBody
    suite: str
    case_id: str
    prompt_hash: str
    streaming: bool
    connection: Connection
    reused: bool
    planned_at: datetime
    started_at: datetime
    lag_seconds: float
    probe_lag_seconds: float | None
    stamps: StampSource
    distrust: Distrust | None
    success: bool
    failure: FailureBody | None
    remarks: tuple[Remark, ...]
    gateway: str | None
    gateway_tries: int | None
    status_code: int | None
    timing: TimingBody
    usage: UsageBody
    reported: ReportedBody | None
    unreported: Unreported | None
    cost: CostBody | None
    finish_reason: str | None
    served_model: str | None
    provider_request_id: str | None
    system_fingerprint: str | None
    peer_address: str | None
    tls_version: str | None
    http_version: str | None

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def trusted(self) -> bool:
        return self.distrust is None


class ResultDetail(ResultBody):
    """One attempt with what is too long for a list."""

    text: str | None
    reasoning_text: str | None
    chunk_gaps_seconds: tuple[float, ...]
    rate_limit: dict[str, str]


class AttemptTimingBody(TimingBody):
    chunk_gaps_seconds: tuple[float, ...]


class AttemptBody(Body):
    """One attempt that is not stored: by `probe test-request`, or out of a saved capture."""

    success: bool
    failure: FailureBody | None
    remarks: tuple[Remark, ...]
    gateway: str | None
    gateway_tries: int | None
    status_code: int | None
    url: str
    started_at: datetime
    stamps: StampSource
    trusted: bool
    reused: bool
    peer_address: str | None
    tls_version: str | None
    http_version: str | None
    timing: AttemptTimingBody
    usage: UsageBody
    reported: ReportedBody | None
    unreported: Unreported | None
    cost: CostBody | None
    finish_reason: str | None
    served_model: str | None
    provider_request_id: str | None
    text: str | None
    reasoning_text: str | None


class RunReportBody(Body):
    """One run by hand. `unstored` results could not be kept, `store_error` is why."""

    run_id: UUID
    suite: str
    planned: int
    ok: int
    failed: int
    cancelled: int
    skipped: int
    unstored: int
    store_error: str | None
    results: list[ResultDetail]


class DistributionBody(Body):
    n: int
    mean: float
    minimum: float
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float


class EntryBody(Body):
    """One target over one kind of connection, asked one suite, at its place in the order asked for.

    `suite` is null where there is neither a job nor a result.
    `success_ratio` leaves `own_failures` out. `ttft` and `total_latency` are seconds, `tps` tokens a second.
    """

    place: int
    target: str
    provider: str
    model: str
    kind: TargetKind
    location: str
    connection: Connection
    suite: str | None
    configured: bool
    state: State
    attempts: int
    successes: int
    own_failures: int
    failures: int
    failure_kinds: dict[FailureKind, int]
    success_ratio: float | None
    last_at: datetime | None
    last_success_at: datetime | None
    ttft: DistributionBody | None
    total_latency: DistributionBody | None
    tps: DistributionBody | None
    jitter_seconds: float | None
    jitter_light: Light | None
    input_tokens: int
    output_tokens: int
    cost_usd: Usd | None
    costed: int
    cost_per_million_usd: Usd | None
    value_score: int | None
    value_score_is_floored: bool


class LeaderboardBody(Body):
    """What was done in [since, until)."""

    since: datetime
    until: datetime
    items: list[EntryBody]


class EventBody(Body):
    """`text` is one line for a person, `data` the same for a program; money and dates in it are strings.

    `scope` is the budget that an event is about.
    """

    id: UUID
    at: datetime
    kind: EventKind
    severity: Severity
    provider: str | None
    model: str | None
    scope: str | None
    text: str
    data: dict[str, Any]


class HealthBody(Body):
    status: str
    version: str


class TroubleBody(Body):
    part: str
    detail: str


class ReadinessBody(Body):
    ready: bool
    troubles: list[TroubleBody]


class RunStarted(Body):
    """Where to look how it goes."""

    id: UUID
    url: str


class Reloaded(Body):
    status: str = "reloaded"
