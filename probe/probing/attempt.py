"""One request to one target, under deadlines, becomes one frozen Sample.

The stopwatch's work is over when `provider.send` returns; reading and pricing are done afterwards. Every
attempt ends in a sample: what goes wrong on our side is a failure of kind "probe", never the provider's.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

import structlog

from probe.catalog.prices.price import Price, cost_of_request
from probe.engines.meter import Meter
from probe.errors import ProviderError, StopwatchError
from probe.facts.sample import FAULTS, Cost, Failed, Ok, Sample, Target, Timing
from probe.facts.timing import remarks_of, timing_of
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.secrets import redact, redact_known
from probe.providers.protocol import Prompt, Provider, Reading
from probe.suites.case import Case
from probe.suites.nonce import with_nonce
from probe.wire.capture import Capture
from probe.wire.request import Connection, Deadlines, Wire

_log = structlog.get_logger("probe.probing.attempt")

# The stopwatch keeps the deadlines itself; one that does not answer at all is given up this much later.
# Longer than the stopwatch process needs to find its child stuck and kill it (see `probe.wire.child`).
_STOPWATCH_GRACE_SECONDS = 30.0

# Hundreds of tokens; a few milliseconds, of whatever they are.
_READ_AT_ONCE_BYTES = 64 * 1024
# Larger ones are read one at a time: that bounds the memory of it, and leaves others their turns.
_reader = ThreadPoolExecutor(1, thread_name_prefix="reader")

# Of a text, for each token that was asked for, and in any case.
_KEPT_CHARACTERS_PER_TOKEN = 16
_LEAST_KEPT_CHARACTERS = 4096

_TEXTS = (
    "text",
    "reasoning_text",
    "finish_reason",
    "served_model",
    "provider_request_id",
    "system_fingerprint",
)


class PriceLookup(Protocol):
    """What models cost at an instant; see `probe.catalog.prices.book`."""

    def price(self, provider: str, model: str, base_url: str, at: datetime, /) -> Price | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """A target and the way it is probed. One target probed cold and warm is two of these.

    `kept_characters` are those of an answer, and of its reasoning, that a sample keeps; None: a few times
    what was asked for.
    """

    target: Target
    connection: Connection = "cold"
    streaming: bool = True
    deadlines: Deadlines = field(default_factory=Deadlines)
    kept_characters: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPlan:
    """`id` is sent as X-Client-Request-Id and becomes the sample's. The plan's instant is on both clocks."""

    id: UUID
    run_id: UUID
    target_plan: TargetPlan
    suite: str
    case: Case
    planned_at: datetime
    planned_monotonic_ns: int


async def attempt(
    plan: AttemptPlan,
    provider: Provider,
    wire: Wire,
    prices: PriceLookup,
    clock: Clock,
    engine: Meter | None = None,
    *,
    grace_seconds: float = _STOPWATCH_GRACE_SECONDS,
) -> Sample:
    """Make the attempt. Raises nothing but CancelledError; see `own_failure` for the sample of that.

    `engine` reads what the server itself counts, before and after. The stopwatch is given up `grace_seconds`
    after the deadlines that it keeps itself.
    """
    started_ns = clock.monotonic_ns()
    try:
        capture, reading = await _ask(plan, provider, wire, engine, grace_seconds)
        cost = _cost(plan, capture, reading, prices)
    except ProviderError as exc:
        return own_failure(plan, exc.kind, str(exc), started_ns, clock)
    except StopwatchError as exc:
        return own_failure(plan, "probe", str(exc), started_ns, clock)
    except Exception as exc:  # noqa: BLE001  the border of one attempt
        # A defect of ours must neither pass for the provider's failure nor end the run. Its text may quote
        # anything, so it goes to the log, which masks secrets, and the sample names its type.
        _log.exception(
            "attempt failed unexpectedly", attempt=str(plan.id), target=plan.target_plan.target.name
        )
        detail = f"unexpected {type(exc).__name__}, see the log"
        return own_failure(plan, "probe", detail, started_ns, clock)
    return _sample(plan, capture, reading, cost)


def own_failure(
    plan: AttemptPlan, kind: Literal["probe", "cancelled", "auth"], detail: str, started_ns: int, clock: Clock
) -> Sample:
    """The sample of an attempt that we did not bring to its end. `started_ns` is monotonic; it ends now."""
    spent = (clock.monotonic_ns() - started_ns) / NS_PER_SECOND
    return Sample(
        id=plan.id,
        run_id=plan.run_id,
        target=plan.target_plan.target,
        suite=plan.suite,
        case_id=plan.case.id,
        prompt_hash=plan.case.prompt_hash,
        streaming=plan.target_plan.streaming,
        connection=plan.target_plan.connection,
        reused=False,
        planned_at=plan.planned_at,
        started_at=clock.now() - timedelta(seconds=spent),
        lag_seconds=(started_ns - plan.planned_monotonic_ns) / NS_PER_SECOND,
        stamps="read",
        trusted=True,
        outcome=Failed(kind=kind, fault=FAULTS[kind], detail=redact(detail)),
        timing=Timing(duration_seconds=spent),
    )


async def _ask(
    plan: AttemptPlan, provider: Provider, wire: Wire, engine: Meter | None, grace_seconds: float
) -> tuple[Capture, Reading]:
    if engine is None:
        capture = await _send(plan, provider, wire, grace_seconds)
        return capture, without_secrets(await _read(capture, provider))
    way = plan.target_plan
    async with engine.around(way.target.model, stream=way.streaming) as visit:
        capture = await _send(plan, provider, wire, grace_seconds)
        return capture, await visit.complete(without_secrets(await _read(capture, provider)))


async def _send(plan: AttemptPlan, provider: Provider, wire: Wire, grace_seconds: float) -> Capture:
    case, way = plan.case, plan.target_plan
    prompt = Prompt(
        request_id=plan.id,
        model=way.target.model,
        messages=with_nonce(case.messages, plan.id) if case.nonce else case.messages,
        max_tokens=case.max_tokens,
        temperature=case.temperature,
        seed=case.seed,
        stream=way.streaming,
        connection=way.connection,
        deadlines=way.deadlines,
        planned_monotonic_ns=plan.planned_monotonic_ns,
    )
    patience = way.deadlines.connect + way.deadlines.total + grace_seconds
    try:
        async with asyncio.timeout(patience):
            return await provider.send(prompt, wire)
    except TimeoutError as exc:
        raise StopwatchError(f"the stopwatch gave no answer within {patience:g} s") from exc


async def _read(capture: Capture, provider: Provider) -> Reading:
    """Megabytes take a second to read: meanwhile everything else goes on."""
    received = capture.received
    # What is compressed may be megabytes.
    if len(received) <= _READ_AT_ONCE_BYTES and b"content-encoding" not in received.lower():
        return provider.read(capture)
    return await asyncio.get_running_loop().run_in_executor(_reader, provider.read, capture)


def _cost(plan: AttemptPlan, capture: Capture, reading: Reading, prices: PriceLookup) -> Cost | None:
    target = plan.target_plan.target
    at = capture.clock_start.to_utc(capture.started_ns)
    price = prices.price(target.provider, target.model, target.base_url, at)
    return cost_of_request(price, reading.usage, reading.reported)


def _sample(plan: AttemptPlan, capture: Capture, reading: Reading, cost: Cost | None) -> Sample:
    lag = capture.loop_lag_ns
    kept = plan.target_plan.kept_characters
    if kept is None:
        kept = max(_LEAST_KEPT_CHARACTERS, _KEPT_CHARACTERS_PER_TOKEN * plan.case.max_tokens)
    return Sample(
        id=plan.id,
        run_id=plan.run_id,
        target=plan.target_plan.target,
        suite=plan.suite,
        case_id=plan.case.id,
        prompt_hash=plan.case.prompt_hash,
        streaming=plan.target_plan.streaming,
        connection=plan.target_plan.connection,
        reused=capture.reused,
        planned_at=plan.planned_at,
        started_at=capture.clock_start.to_utc(capture.started_ns),
        lag_seconds=(capture.started_ns - plan.planned_monotonic_ns) / NS_PER_SECOND,
        probe_lag_seconds=None if lag is None else lag / NS_PER_SECOND,
        stamps=capture.stamps,
        trusted=capture.trusted,
        outcome=reading.outcome,
        status_code=reading.status_code,
        timing=_timing(capture, reading),
        remarks=remarks_of(reading.remarks, reading.timeline, whole=isinstance(reading.outcome, Ok)),
        gateway=reading.gateway,
        gateway_tries=reading.gateway_tries,
        unreported=reading.unreported,
        usage=reading.usage,
        reported=reading.reported,
        cost=cost,
        text=_cut(reading.text, kept),
        reasoning_text=_cut(reading.reasoning_text, kept),
        finish_reason=reading.finish_reason,
        served_model=reading.served_model,
        provider_request_id=reading.provider_request_id,
        system_fingerprint=reading.system_fingerprint,
        rate_limit=reading.rate_limit,
        peer_address=capture.peer_address,
        tls_version=capture.tls_version,
        http_version=capture.http_version,
    )


def _cut(text: str | None, kept: int) -> str | None:
    """At most so many characters of a text, and that there were more."""
    if text is None or len(text) <= kept:
        return text
    return f"{text[:kept]}\n[… the first {kept:,} of {len(text):,} characters are kept]"


def without_secrets(reading: Reading) -> Reading:
    """The credentials that were sent may come back in pieces, compressed or escaped."""
    texts: dict[str, Any] = {
        name: redact_known(text) for name in _TEXTS if (text := getattr(reading, name)) is not None
    }
    outcome = reading.outcome
    if isinstance(outcome, Failed):
        outcome = replace(outcome, detail=redact(outcome.detail))
    limits = {name: redact_known(value) for name, value in reading.rate_limit.items()}
    return replace(reading, outcome=outcome, rate_limit=limits, **texts)


def _timing(capture: Capture, reading: Reading) -> Timing:
    if capture.trusted:
        whole = isinstance(reading.outcome, Ok)
        return timing_of(reading.timeline, reading.usage, whole=whole, tries=reading.gateway_tries)
    whole_ns = capture.clock_end.monotonic_ns - capture.clock_start.monotonic_ns
    return Timing(duration_seconds=whole_ns / NS_PER_SECOND)
