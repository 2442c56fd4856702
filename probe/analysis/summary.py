"""One target over a window of time, in figures: the same on the board, in the API and in the metrics."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from probe.analysis.distribution import Distribution, distribution_of
from probe.analysis.jitter import Light, jitter_light, jitter_seconds
from probe.analysis.tally import Tally
from probe.analysis.value import cost_per_million_usd, value_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """None is unknown. Durations are seconds, money is USD.

    `attempts` counts everything. `own_failures` are those that the probe itself did not bring to an end: they
    say nothing about the target, and `success_ratio` leaves them out. `jitter_seconds` is
    reckoned within each prompt, and None where none was repeated. `value_score` is built on the median speed.
    `cost_usd` is the sum over the `costed` attempts whose cost is known, None if that is none of them.
    """

    attempts: int
    successes: int
    own_failures: int
    success_ratio: float | None
    last_at: datetime | None
    last_success_at: datetime | None
    ttft: Distribution | None
    total_latency: Distribution | None
    tps: Distribution | None
    jitter_seconds: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    costed: int
    cost_per_million_usd: Decimal | None
    value_score: int | None

    @property
    def value_score_is_floored(self) -> bool:
        """Nothing was charged: the score stands on 0.01 USD per million tokens, not on a price."""
        return self.value_score is not None and not self.cost_usd

    @property
    def failures(self) -> int:
        return self.attempts - self.successes

    @property
    def jitter_light(self) -> Light | None:
        return None if self.jitter_seconds is None else jitter_light(self.jitter_seconds)


def summarise(tally: Tally) -> Summary:
    """Everything there is to say about a window of attempts; no attempts at all is fine too."""
    tps = distribution_of(tally.tps)
    latencies = tally.total_latency_seconds
    cost = tally.cost_usd if tally.costed else None
    return Summary(
        attempts=tally.attempts,
        successes=tally.successes,
        own_failures=tally.own_failures,
        success_ratio=success_ratio(tally.attempts - tally.own_failures, tally.successes),
        last_at=tally.last_at,
        last_success_at=tally.last_success_at,
        ttft=distribution_of(tally.ttft_seconds),
        total_latency=distribution_of(latencies),
        tps=tps,
        jitter_seconds=jitter_seconds(latencies, tally.prompts),
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        cost_usd=cost,
        costed=tally.costed,
        cost_per_million_usd=None if cost is None else cost_per_million_usd(cost, tally.costed_tokens),
        value_score=value_score(None if tps is None else tps.p50, cost, tally.costed_tokens),
    )


def success_ratio(attempts: int, successes: int) -> float | None:
    """Successes of attempts, 0..1; None if there were none."""
    return successes / attempts if attempts else None
