"""What a window of attempts on one target adds up to: the columns that a summary is computed from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from probe.analysis.jitter import prompt_number
from probe.facts.sample import Failed, FailureKind, Sample

# Attempts that the probe itself did not bring to an end: they say nothing about the target.
OWN_FAILURES: frozenset[FailureKind] = frozenset({"probe", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Attempts on one target over one kind of connection, in no particular order. Durations are seconds.

    `last_at` and `last_success_at` are when the latest one ended.
    The three series hold timed attempts only (see `timed`); `prompts` tells which of the latencies are of one
    prompt (see `prompt_number`), None if all are. Tokens and cost count every attempt that reported
    them, also failed ones: `cost_usd` is what `costed_tokens` (input and output together) cost in the
    `costed` attempts whose cost is known.
    """

    attempts: int = 0
    successes: int = 0
    own_failures: int = 0
    last_at: datetime | None = None
    last_success_at: datetime | None = None
    ttft_seconds: Sequence[float] = ()
    total_latency_seconds: Sequence[float] = ()
    prompts: Sequence[int] | None = None
    tps: Sequence[float] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    costed: int = 0
    costed_tokens: int = 0


def timed(sample: Sample) -> bool:
    """Whether the durations of an attempt belong in the statistics of its target.

    A failed attempt has no latency of success, and across a step of the clock none is known. A warm attempt
    that had to open a connection is a cold one in the wrong series.
    """
    return bool(timed_where(sample.success, sample.trusted, sample.reused, sample.connection == "cold"))


def timed_where(success: Any, trusted: Any, reused: Any, cold: Any) -> Any:
    """The rule of `timed`: over values, or over columns as a condition of SQL."""
    return success & trusted & (reused | cold)


def tally(samples: Iterable[Sample]) -> Tally:
    """Add up samples of one target."""
    samples = list(samples)
    timings = [sample.timing for sample in samples if timed(sample)]
    answered = [
        (sample.timing.total_latency_seconds, prompt_number(sample.prompt_hash, sample.streaming))
        for sample in samples
        if timed(sample) and sample.timing.total_latency_seconds is not None
    ]
    costed = [(sample.cost, sample.usage) for sample in samples if sample.cost is not None]
    return Tally(
        attempts=len(samples),
        successes=sum(1 for sample in samples if sample.success),
        own_failures=sum(1 for sample in samples if failure_kind(sample) in OWN_FAILURES),
        last_at=max((sample.ended_at for sample in samples), default=None),
        last_success_at=max((sample.ended_at for sample in samples if sample.success), default=None),
        ttft_seconds=[t.ttft_seconds for t in timings if t.ttft_seconds is not None],
        total_latency_seconds=[latency for latency, _ in answered if latency is not None],
        prompts=[prompt for _, prompt in answered],
        tps=[t.tps for t in timings if t.tps is not None],
        input_tokens=sum(sample.usage.input_tokens or 0 for sample in samples),
        output_tokens=sum(sample.usage.output_tokens or 0 for sample in samples),
        cost_usd=sum((cost.total_usd for cost, _ in costed), Decimal(0)),
        costed=len(costed),
        costed_tokens=sum((usage.input_tokens or 0) + (usage.output_tokens or 0) for _, usage in costed),
    )


def failure_kind(sample: Sample) -> FailureKind | None:
    """None for a success."""
    return sample.outcome.kind if isinstance(sample.outcome, Failed) else None
