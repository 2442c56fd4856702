"""Samples as attempts on a target leave them, made of the moments of its weather."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from probe.facts.sample import Cost, Sample, Target, Timing, Usage
from tests.exporters.samples import make_failure, make_sample
from tests.synthetic.weather import Moment, Trouble, Weather, struck

# Tests of rules begin at Unix time 0.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_TOKENS = 131
_USAGE = Usage(input_tokens=520, output_tokens=_TOKENS)
_COST = Cost(
    total_usd=Decimal("0.0001566"),
    input_price_per_million_usd=Decimal("0.15"),
    output_price_per_million_usd=Decimal("0.6"),
    price_source="configuration",
)
_FAILED = Timing(duration_seconds=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A target that is probed: what it usually takes, its weather and its troubles."""

    target: Target
    ttft_seconds: float = 0.4
    tokens_per_second: float = 80.0
    weather: Weather = field(default_factory=Weather)
    troubles: tuple[Trouble, ...] = ()
    seed: int = 1

    def samples(self, attempts: int, every_seconds: float) -> Iterator[Sample]:
        """One for each slot."""
        for moment in struck(self.weather.moments(attempts, every_seconds, self.seed), self.troubles):
            yield self._sample(moment)

    def _sample(self, moment: Moment) -> Sample:
        at = BEGINNING + timedelta(seconds=moment.at_seconds, milliseconds=2)
        if moment.failure is not None:
            return make_failure(moment.failure, self.target, at, timing=_FAILED)
        timing = self._timing(moment)
        return make_sample(self.target, at, timing=timing, usage=_USAGE, cost=_COST, reported=None)

    def _timing(self, moment: Moment) -> Timing:
        connecting = 0.06
        server = self.ttft_seconds * moment.waiting
        ttft = connecting + server
        gap = moment.streaming / self.tokens_per_second
        total = ttft + gap * (_TOKENS - 1)
        return Timing(
            dns_seconds=0.005,
            connect_seconds=0.02,
            tls_seconds=0.035,
            send_seconds=0.0001,
            ttfb_seconds=ttft - 0.005,
            ttft_seconds=ttft,
            ttft_server_seconds=server,
            ttfa_seconds=ttft,
            total_latency_seconds=total,
            drain_seconds=0.001,
            duration_seconds=total + 0.001,
            itl_seconds=gap,
            stream_jitter_seconds=gap / 5,
            chunk_gaps_seconds=(gap,) * 10,
            tps=1 / gap,
            tps_steady=1 / gap,
        )


def a_target(name: str, *, provider: str = "acme") -> Target:
    """A target whose model has its name."""
    return Target(
        name=name,
        provider=provider,
        model=name,
        base_url=f"https://api.{provider}.test/v1",
        kind="direct",
        location="here",
    )
