"""One target over a window of time, in figures: the same on the board, in the API and in the metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from probe.analysis.jitter import Light, jitter_light, jitter_seconds
from probe.analysis.percentile import percentile_of_sorted, samples_needed
from probe.analysis.point import Point
from probe.analysis.value import cost_per_million_usd, value_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """At least one value, described. A percentile over too few values is a guess: ask `reliable`."""

    n: int
    mean: float
    minimum: float
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float

    def reliable(self, q: float) -> bool:
        """Whether `n` is enough for the `q`-th percentile (0 < q < 100)."""
        return self.n >= samples_needed(q)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """None is unknown. Durations are seconds, money is USD.

    `attempts` counts everything, `own_failures` those that failed through our own fault: they say nothing
    about the target, and `success_ratio` leaves them out. Tokens and cost count every attempt that reported
    them, also failed ones. The distributions hold successful attempts only; `jitter_seconds` and `value_score`
    are built on them, the latter on the mean speed. `unpriced` counts successes without a known cost.
    """

    attempts: int
    successes: int
    own_failures: int
    success_ratio: float | None
    last_at: datetime | None
    last_success_at: datetime | None
    ttft: Distribution | None
    ttft_server: Distribution | None
    total_latency: Distribution | None
    tps: Distribution | None
    jitter_seconds: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    cost_per_million_usd: Decimal | None
    unpriced: int
    value_score: int | None

    @property
    def failures(self) -> int:
        return self.attempts - self.successes

    @property
    def jitter_light(self) -> Light | None:
        return None if self.jitter_seconds is None else jitter_light(self.jitter_seconds)


def summarise(points: Sequence[Point]) -> Summary:
    """Everything there is to say about the attempts on one target, in any order; none of them is fine too."""
    successes = [point for point in points if point.success]
    own_failures = sum(1 for point in points if point.fault == "probe")
    judged = len(points) - own_failures
    timed = [point for point in successes if point.timed]
    latencies = [p.total_latency_seconds for p in timed if p.total_latency_seconds is not None]
    tps = describe([p.tps for p in timed if p.tps is not None])
    priced = [p for p in points if p.cost_usd is not None]
    cost = sum((p.cost_usd for p in priced if p.cost_usd is not None), Decimal(0)) if priced else None
    priced_tokens = sum((p.input_tokens or 0) + (p.output_tokens or 0) for p in priced)
    return Summary(
        attempts=len(points),
        successes=len(successes),
        own_failures=own_failures,
        success_ratio=len(successes) / judged if judged else None,
        last_at=max((point.at for point in points), default=None),
        last_success_at=max((point.at for point in successes), default=None),
        ttft=describe([p.ttft_seconds for p in timed if p.ttft_seconds is not None]),
        ttft_server=describe([p.ttft_server_seconds for p in timed if p.ttft_server_seconds is not None]),
        total_latency=describe(latencies),
        tps=tps,
        jitter_seconds=jitter_seconds(latencies) if latencies else None,
        input_tokens=sum(p.input_tokens for p in points if p.input_tokens is not None),
        output_tokens=sum(p.output_tokens for p in points if p.output_tokens is not None),
        cost_usd=cost,
        cost_per_million_usd=None if cost is None else cost_per_million_usd(cost, priced_tokens),
        unpriced=sum(1 for point in successes if point.cost_usd is None),
        value_score=value_score(None if tps is None else tps.mean, cost, priced_tokens),
    )


def describe(values: Sequence[float]) -> Distribution | None:
    """None for no values."""
    if not values:
        return None
    ordered = sorted(values)

    def at(q: float) -> float:
        value = percentile_of_sorted(ordered, q)
        assert value is not None  # there are values
        return value

    return Distribution(
        n=len(ordered),
        mean=math.fsum(ordered) / len(ordered),
        minimum=ordered[0],
        p50=at(50),
        p90=at(90),
        p95=at(95),
        p99=at(99),
        maximum=ordered[-1],
    )
