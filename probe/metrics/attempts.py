"""Families read off attempts: outcomes, durations, speed, tokens and money."""

from collections.abc import Callable, Iterable

from probe.analysis.tally import timed
from probe.facts.sample import FAULTS, REMARKS, Distrust, Ok, Sample, Timing
from probe.metrics import names
from probe.metrics.buckets import GAP_SECONDS, LAG_SECONDS, LATENCY_SECONDS, TOKENS_PER_SECOND
from probe.metrics.family import Family, Measurement, OfAnyAttempt, OfAttempt

PHASES = ("dns", "connect", "proxy", "tls", "send", "wait", "stream", "drain")
_TOKEN_TYPES = ("input", "output", "cached_input", "reasoning")
_OK = ("ok", "none", "none")
_OUTCOMES = (_OK, *(("failed", kind, fault) for kind, fault in FAULTS.items()))


def _outcome(sample: Sample) -> Iterable[Measurement]:
    outcome = sample.outcome
    yield Measurement(1, _OK if isinstance(outcome, Ok) else ("failed", outcome.kind, outcome.fault))


def _timing(read: Callable[[Timing], float | None]) -> Callable[[Sample], Iterable[Measurement]]:
    """One duration or speed of an attempt that may be compared with others of its series."""

    def readings(sample: Sample) -> Iterable[Measurement]:
        value = read(sample.timing) if timed(sample) else None
        return () if value is None else (Measurement(value),)

    return readings


def _phases(sample: Sample) -> Iterable[Measurement]:
    if not timed(sample):
        return
    timing = sample.timing
    stream = None
    if timing.total_latency_seconds is not None and timing.ttft_seconds is not None:
        stream = timing.total_latency_seconds - timing.ttft_seconds
    spans = (
        timing.dns_seconds,
        timing.connect_seconds,
        timing.proxy_seconds,
        timing.tls_seconds,
        timing.send_seconds,
        timing.ttft_server_seconds,
        stream,
        timing.drain_seconds,
    )
    for phase, seconds in zip(PHASES, spans, strict=True):
        if seconds is not None:
            yield Measurement(seconds, (phase,))


def _tokens(sample: Sample) -> Iterable[Measurement]:
    usage = sample.usage
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    for token_type, count in zip(_TOKEN_TYPES, counts, strict=True):
        if count is not None:
            yield Measurement(count, (token_type, usage.source))


def _cost(sample: Sample) -> Iterable[Measurement]:
    if sample.cost is not None:
        yield Measurement(float(sample.cost.total_usd))


def _prices(sample: Sample) -> Iterable[Measurement]:
    cost = sample.cost
    for kind, usd in (
        ()
        if cost is None
        else (("input", cost.input_price_per_million_usd), ("output", cost.output_price_per_million_usd))
    ):
        if usd is not None:
            yield Measurement(float(usd), (kind,))


def _histogram(
    name: str,
    last: str,
    about: str,
    read: Callable[[Timing], float | None],
    buckets: tuple[float, ...],
) -> tuple[Family, Family]:
    """A figure twice: as a histogram to aggregate, and as the latest value, as attempts are minutes apart."""
    return (
        Family(name=name, help=about, buckets=buckets, source=OfAttempt(read=_timing(read))),
        _last(last, about, read),
    )


def _last(name: str, about: str, read: Callable[[Timing], float | None]) -> Family:
    return Family(name=name, help=f"{about} Of the latest attempt.", source=OfAttempt(read=_timing(read)))


OUTCOMES = (
    Family(
        name=names.ATTEMPTS_TOTAL,
        help="Attempts by outcome (ok, failed), kind of failure and whose fault it was; none for ok.",
        labels=("outcome", "failure", "fault"),
        source=OfAttempt(read=_outcome, initial=_OUTCOMES),
    ),
    Family(
        name=names.LAST_ATTEMPT_SUCCESS,
        help="1 where the latest attempt succeeded, 0 where it failed.",
        source=OfAttempt(read=lambda sample: (Measurement(float(sample.success)),)),
    ),
    Family(
        name=names.LAST_ATTEMPT_TIMESTAMP_SECONDS,
        help="When the latest attempt ended, Unix time; 0 where there was none.",
        source=OfAttempt(
            read=lambda sample: (Measurement(sample.ended_at.timestamp()),), initial=((),), keeps=True
        ),
    ),
    Family(
        name=names.LAST_SUCCESS_TIMESTAMP_SECONDS,
        help="When the latest successful attempt ended, Unix time; 0 where there was none.",
        source=OfAttempt(
            read=lambda sample: (Measurement(sample.ended_at.timestamp()),) if sample.success else (),
            initial=((),),
            keeps=True,
        ),
    ),
)

_REMARKS = Family(
    name=names.REMARKS_TOTAL,
    help="Attempts whose response departed from its protocol or came bundled, by how, not failed for it.",
    labels=("remark",),
    source=OfAttempt(
        read=lambda sample: (Measurement(1, (remark,)) for remark in sample.remarks),
        initial=tuple((remark,) for remark in REMARKS),
    ),
)

_TRIES = Family(
    name=names.GATEWAY_TRIES_TOTAL,
    help="Tries that gateways made for the attempts, by the heads of the responses that tell of them.",
    source=OfAttempt(
        read=lambda s: () if s.gateway_tries is None else (Measurement(s.gateway_tries),), initial=((),)
    ),
)

DURATIONS = (
    *_histogram(
        names.TTFT_SECONDS,
        names.LAST_TTFT_SECONDS,
        "Time to first token: start of the call to the first chunk that carries output.",
        lambda timing: timing.ttft_seconds,
        LATENCY_SECONDS,
    ),
    Family(
        name=names.LATER_TRY_TTFT_SECONDS,
        help="Time to first token of answers at a later try of a gateway, which no other figure of it has.",
        buckets=LATENCY_SECONDS,
        source=OfAttempt(read=_timing(lambda timing: timing.later_try_ttft_seconds), rare=True),
    ),
    *_histogram(
        names.TTFT_SERVER_SECONDS,
        names.LAST_TTFT_SERVER_SECONDS,
        "Request fully sent to the first chunk that carries output: what the provider answers for.",
        lambda timing: timing.ttft_server_seconds,
        LATENCY_SECONDS,
    ),
    *_histogram(
        names.TOTAL_LATENCY_SECONDS,
        names.LAST_TOTAL_LATENCY_SECONDS,
        "Start of the call to the last chunk that carries output.",
        lambda timing: timing.total_latency_seconds,
        LATENCY_SECONDS,
    ),
    Family(
        name=names.CHUNK_GAP_SECONDS,
        help="Time between two arrivals that carry output.",
        buckets=GAP_SECONDS,
        source=OfAttempt(
            read=lambda sample: map(Measurement, sample.timing.chunk_gaps_seconds) if timed(sample) else ()
        ),
    ),
    _last(
        names.LAST_STREAM_JITTER_SECONDS,
        "Standard deviation of the chunk gaps of one stream.",
        lambda timing: timing.stream_jitter_seconds,
    ),
    _last(
        names.LAST_ITL_SECONDS,
        "Inter-token latency: (last - first output) / (output tokens - 1).",
        lambda timing: timing.itl_seconds,
    ),
    _last(
        names.LAST_TTFB_SECONDS,
        "Start of the call to the first byte of the response head.",
        lambda timing: timing.ttfb_seconds,
    ),
    _last(
        names.LAST_TTFA_SECONDS,
        "Start of the call to the first chunk of the answer, reasoning excluded.",
        lambda timing: timing.ttfa_seconds,
    ),
    Family(
        name=names.PHASE_SECONDS,
        summed=True,
        help="Phases of successful attempts: dns, connect, proxy, tls, send, wait (sent to first output), "
        "stream (first to last output), drain.",
        labels=("phase",),
        source=OfAttempt(read=_phases, initial=tuple((phase,) for phase in PHASES)),
    ),
    Family(
        name=names.LAST_PHASE_SECONDS,
        help="Phases of the latest attempt, as in phase_seconds.",
        labels=("phase",),
        source=OfAttempt(read=_phases),
    ),
)

SPEED = (
    *_histogram(
        names.TOKENS_PER_SECOND,
        names.LAST_TOKENS_PER_SECOND,
        "Speed of an answer: (output tokens - 1) / (last - first output).",
        lambda timing: timing.tps,
        TOKENS_PER_SECOND,
    ),
    _last(
        names.LAST_STEADY_TOKENS_PER_SECOND,
        "Speed after the first arrival: output tokens without those of the first arrival / (last - first).",
        lambda timing: timing.tps_steady,
    ),
)

USAGE = (
    Family(
        name=names.TOKENS_TOTAL,
        help="Tokens by type and by who counted (provider, estimate). cached_input is part of input, "
        "reasoning part of output.",
        labels=("type", "source"),
        source=OfAttempt(
            read=_tokens,
            initial=(
                *((token_type, "provider") for token_type in _TOKEN_TYPES),
                ("input", "estimate"),
                ("output", "estimate"),
            ),
        ),
    ),
    Family(
        name=names.LAST_TOKENS,
        help="Tokens of the latest attempt, as in tokens_total.",
        labels=("type", "source"),
        source=OfAttempt(read=_tokens),
    ),
    Family(
        name=names.COST_USD_TOTAL,
        help="What the attempts cost at the price in force at that instant, where it is known.",
        source=OfAttempt(read=_cost, initial=((),)),
    ),
    Family(name=names.LAST_COST_USD, help="What the latest attempt cost.", source=OfAttempt(read=_cost)),
    Family(
        name=names.UNPRICED_ATTEMPTS_TOTAL,
        help="Successful attempts whose cost is unknown: no price or no token count.",
        source=OfAttempt(
            read=lambda sample: (Measurement(1),) if sample.success and sample.cost is None else (),
            initial=((),),
        ),
    ),
    Family(
        name=names.PRICE_USD_PER_MILLION_TOKENS,
        help="Price in force at the latest attempt whose cost is known.",
        labels=("type",),
        source=OfAttempt(read=_prices, keeps=True),
    ),
)


def _stamps(sample: Sample) -> Iterable[Measurement]:
    if sample.timing.ttfb_seconds is not None:
        yield Measurement(1, (sample.stamps,))


def _distrusted(reason: Distrust) -> Callable[[Sample], Iterable[Measurement]]:
    return lambda sample: (Measurement(1),) if sample.distrust == reason else ()


OWN_TIMING = (
    Family(
        name=names.ATTEMPT_LAG_SECONDS,
        help="How long after its planned instant an attempt started, all targets; waits for limits included.",
        buckets=LAG_SECONDS,
        source=OfAnyAttempt(read=lambda sample: (Measurement(sample.lag_seconds),)),
    ),
    Family(
        name=names.STOPWATCH_LAG_SECONDS,
        help="The longest that the stopwatch's own loop was late during an attempt, all targets.",
        buckets=LAG_SECONDS,
        source=OfAnyAttempt(
            read=lambda s: () if s.probe_lag_seconds is None else (Measurement(s.probe_lag_seconds),)
        ),
    ),
    Family(
        name=names.STAMPED_ATTEMPTS_TOTAL,
        help="Answered attempts by who took the arrival times: kernel, or read (the stopwatch, less exact).",
        labels=("stamps",),
        source=OfAnyAttempt(
            read=_stamps,
            initial=(("kernel",), ("read",)),
        ),
    ),
    Family(
        name=names.UNTRUSTED_ATTEMPTS_TOTAL,
        help="Attempts across which the wall clock was set: their durations are unknown.",
        source=OfAnyAttempt(read=_distrusted("clock_step"), initial=((),)),
    ),
    Family(
        name=names.STARVED_ATTEMPTS_TOTAL,
        help="Attempts of which figures are withheld, as the stopwatch was held up and could not tell them.",
        source=OfAnyAttempt(read=_distrusted("starved"), initial=((),)),
    ),
)

ATTEMPT_FAMILIES = (*OUTCOMES, _REMARKS, _TRIES, *DURATIONS, *SPEED, *USAGE)
