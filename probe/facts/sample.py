"""The facts of one attempt. Built once, frozen, stored, exported; no I/O here.

None is unknown and 0 is zero. Money is Decimal, in USD. Instants are aware UTC dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from probe.wire.capture import StampSource
from probe.wire.request import Connection

TargetKind = Literal["direct", "proxy", "engine", "simulated"]
# How a provider's API is spoken; see `probe.providers`.
DialectName = Literal[
    "openai-chat",
    "openai-responses",
    "anthropic-messages",
    "gemini",
    "vertex-gemini",
    "vertex-claude",
    "bedrock-converse",
    "bedrock-invoke",
    "cohere-v2",
    "ollama-chat",
    "ollama-generate",
    "tgi",
]

EngineName = Literal["vllm", "tgi", "llamacpp", "ollama"]
Fault = Literal["provider", "network", "account", "probe"]
TokenSource = Literal["provider", "estimate"]
Distrust = Literal["clock_step", "starved"]
# How a response departed from what was asked for, or from its protocol, without costing anybody the answer.
Remark = Literal[
    "no_end_mark",  # the stream ended without the dialect's mark, after a finish reason
    "after_end_mark",  # more came after the mark
    "compressed",  # a content coding, although identity was asked for
    "length_beside_chunked",  # Content-Length beside Transfer-Encoding
    "surplus_bytes",  # bytes behind the end of the response
    "redirected",  # to the same origin, and followed once
    "retried_by_gateway",  # answered at a later try of a gateway: its waiting is in every duration
    "counted_by_gateway",  # the tokens may be those of a gateway's tokeniser, not the model's
    "status_not_200",  # another status of success
    "bundled",  # in so few pieces, or so short a time, that there is no speed
]
REMARKS: tuple[Remark, ...] = get_args(Remark)
# Why the engine behind a target says nothing of a whole answer.
Unreported = Literal[
    "router",
    "several_processes",
    "overlapped",
    "others",
    "unreadable",
    "uncounted",
    "misfit",
    "restarted",
    "unread",
]
UNREPORTED: Mapping[Unreported, str] = MappingProxyType(
    {
        "router": "it is behind a router, where a reading takes a turn of the engines: set metrics_url",
        "several_processes": "several processes answer at its address: set metrics_url",
        "overlapped": "attempts at it overlapped: concurrency: 1 tells them apart",
        "others": "it worked on other requests too",
        "unreadable": "its metrics could not be read",
        "uncounted": "it counted no request in time: another process may have answered",
        "misfit": "what it counted cannot be of this answer",
        "restarted": "it began to count anew",
        "unread": "it was not asked before, as it counts nothing or told its times itself until now",
    }
)
FailureKind = Literal[
    # the network
    "dns",
    "refused",
    "unreachable",
    "tls",
    "proxy",
    "connection_reset",
    # a deadline, by the phase in which it struck
    "timeout_connect",
    "timeout_first_token",
    "timeout_stall",
    "timeout_total",
    # the provider's answer
    "auth",
    "billing",
    "permission",
    "not_found",
    "bad_request",
    "rate_limited",
    "overloaded",
    "server_error",
    "redirected",
    "unexpected_status",
    "protocol",
    # the stream
    "stream_broken",
    "stream_error",
    "malformed",
    "incomplete",
    "empty",
    "budget_exhausted",
    "content_filter",
    "unknown_finish",
    "too_large",
    # ourselves
    "probe",
    "cancelled",
]

# Whose each kind of failure is: who reads an alert needs one answer, always the same.
#   network   nothing was established with the provider, or what was established broke before it answered
#   account   our key, money, permissions or allowance
#   probe     our request, our limits, our machine
#   provider  everything after the connection stands
FAULTS: Mapping[FailureKind, Fault] = MappingProxyType(
    {
        "dns": "network",
        "refused": "network",
        "unreachable": "network",
        "tls": "network",
        "proxy": "network",
        "connection_reset": "network",
        "timeout_connect": "network",
        "timeout_first_token": "provider",
        "timeout_stall": "provider",
        "timeout_total": "provider",
        "auth": "account",
        "billing": "account",
        "permission": "account",
        "not_found": "provider",
        "bad_request": "probe",
        "rate_limited": "account",
        "overloaded": "provider",
        "server_error": "provider",
        "redirected": "probe",
        "unexpected_status": "provider",
        "protocol": "provider",
        "stream_broken": "provider",
        "stream_error": "provider",
        "malformed": "provider",
        "incomplete": "provider",
        "empty": "provider",
        "budget_exhausted": "probe",
        "content_filter": "provider",
        "unknown_finish": "provider",
        "too_large": "provider",
        "probe": "probe",
        "cancelled": "probe",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider × model × endpoint, probed from one location.

    `name` is unique in the configuration and is what people and metrics call it.
    """

    name: str
    provider: str
    model: str
    base_url: str
    kind: TargetKind
    location: str = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One target over one kind of connection: what figures are kept apart by, as cold and warm never mix."""

    target: Target
    connection: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one answer, and who counted.

    `output_tokens` includes `reasoning_tokens`; `input_tokens` includes `cached_input_tokens` (read from a
    cache) and `cache_write_tokens` (written to one).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    source: TokenSource = "provider"


ReportSource = Literal["response", "headers", "metrics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the provider or engine itself says of one request; None if it does not say.

    `source` is where it says so: in the answer, in the head of the response, or in the difference of its
    `/metrics` before and after. `prompt_tokens` and `completion_tokens` are those that the durations were
    spent on: a prompt out of a cache has none. `cost_usd` is what the provider charged, `upstream` whom a
    router passed the request on to.
    """

    source: ReportSource
    load_seconds: float | None = None
    queue_seconds: float | None = None
    prompt_seconds: float | None = None
    prompt_tokens: int | None = None
    completion_seconds: float | None = None
    completion_tokens: int | None = None
    ttft_seconds: float | None = None
    itl_seconds: float | None = None
    total_seconds: float | None = None
    cost_usd: Decimal | None = None
    upstream: str | None = None

    @property
    def prompt_tokens_per_second(self) -> float | None:
        return _rate(self.prompt_tokens, self.prompt_seconds)

    @property
    def completion_tokens_per_second(self) -> float | None:
        return _rate(self.completion_tokens, self.completion_seconds)


def _rate(count: int | None, seconds: float | None) -> float | None:
    return count / seconds if count and seconds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """USD of one request at the price in force at that instant.

    `price_source` names where the prices came from; prices are USD per million tokens. It is `charged`
    where no price is known and the provider said what it charged; then the prices are None.
    """

    total_usd: Decimal
    input_price_per_million_usd: Decimal | None
    output_price_per_million_usd: Decimal | None
    price_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ok:
    """The answer came whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why there is no whole answer, and whose it is.

    `detail` is one line without secrets: the provider's message, or the system's.
    """

    kind: FailureKind
    fault: Fault
    detail: str
    retry_after_seconds: float | None = None


Outcome = Ok | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every duration of one attempt in seconds, as defined in docs/metrics.md.

    The time to the first token of an answer at a later try of a gateway stands in `later_try_ttft_seconds`
    alone: in the fields `ttft_seconds`, `ttft_server_seconds` and `ttfa_seconds` it would be the target's.
    `withheld` names the fields that are unknown because the stopwatch was held up; the others are exact.
    """

    redirect_seconds: float | None = None
    dns_seconds: float | None = None
    connect_seconds: float | None = None
    proxy_seconds: float | None = None
    tls_seconds: float | None = None
    send_seconds: float | None = None
    ttfb_seconds: float | None = None
    ttft_seconds: float | None = None
    ttft_server_seconds: float | None = None
    ttfa_seconds: float | None = None
    total_latency_seconds: float | None = None
    drain_seconds: float | None = None
    duration_seconds: float
    itl_seconds: float | None = None
    stream_jitter_seconds: float | None = None
    chunk_gaps_seconds: tuple[float, ...] = ()
    tps: float | None = None
    tps_steady: float | None = None
    later_try_ttft_seconds: float | None = None
    withheld: tuple[str, ...] = ()

    @property
    def first_token_seconds(self) -> float | None:
        """Start of the call to the first token, at whichever try of a gateway."""
        return self.later_try_ttft_seconds if self.ttft_seconds is None else self.ttft_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The frozen result of one attempt: a row of `benchmark_results`.

    `id` was sent to the provider as X-Client-Request-Id. `planned_at` is when the attempt was meant to
    start, `started_at` when its first byte moved; `lag_seconds` is the difference. `probe_lag_seconds` is the
    longest that the stopwatch itself was late while the exchange was open. `trusted` is false if the wall
    clock stepped during the attempt: the timing is then empty but for `duration_seconds`. `gateway` is who
    said in the head that it passed the request on, `gateway_tries` at which try the answer came, 1 for the
    first. `unreported` is why an engine that could be asked says nothing of a whole answer.
    """

    id: UUID
    run_id: UUID
    target: Target
    suite: str
    case_id: str
    prompt_hash: str
    streaming: bool
    connection: Connection
    reused: bool
    planned_at: datetime
    started_at: datetime
    lag_seconds: float
    probe_lag_seconds: float | None = None
    stamps: StampSource
    trusted: bool
    outcome: Outcome
    status_code: int | None = None
    timing: Timing
    remarks: tuple[Remark, ...] = ()
    gateway: str | None = None
    gateway_tries: int | None = None
    unreported: Unreported | None = None
    usage: Usage = field(default_factory=Usage)
    reported: Reported | None = None
    cost: Cost | None = None
    text: str | None = None
    reasoning_text: str | None = None
    finish_reason: str | None = None
    served_model: str | None = None
    provider_request_id: str | None = None
    system_fingerprint: str | None = None
    rate_limit: Mapping[str, str] = field(default_factory=dict)
    peer_address: str | None = None
    tls_version: str | None = None
    http_version: str | None = None

    @property
    def distrust(self) -> Distrust | None:
        """Why not every duration is known that could be; None if each is."""
        if not self.trusted:
            return "clock_step"
        return "starved" if self.timing.withheld else None

    @property
    def success(self) -> bool:
        return isinstance(self.outcome, Ok)

    @property
    def failure(self) -> Failed | None:
        return self.outcome if isinstance(self.outcome, Failed) else None

    @property
    def ended_at(self) -> datetime:
        """The end of the attempt, in whole microseconds."""
        return self.started_at + timedelta(seconds=self.timing.duration_seconds)

    @property
    def series(self) -> Series:
        return Series(target=self.target, connection=self.connection)
