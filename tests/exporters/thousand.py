"""A thousand samples of all sorts, the same every time."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from probe.facts.sample import FAULTS, Cost, FailureKind, Sample, Series, Target, Timing, Usage
from tests.exporters.samples import NOW, REPORTED, TARGET, make_failure, make_sample

COUNT = 1_000
TARGETS = (
    TARGET,
    replace(TARGET, name="acme/echo-2", model="echo-2"),
    Target(
        name="router/echo-1",
        provider="router",
        model="acme/echo-1",
        base_url="https://router.test",
        kind="proxy",
    ),
    Target(name="gpu/mine", provider="gpu", model="mine", base_url="http://gpu.test:8000", kind="engine"),
)
SERIES = tuple(
    Series(target=target, connection=connection) for target in TARGETS for connection in ("cold", "warm")
)


def thousand_samples() -> list[Sample]:
    """Successes and failures of several targets, cold and warm, some a step of the clock, some unpriced."""
    chance = random.Random(20261121)
    kinds: list[FailureKind] = list(FAULTS)
    return [_sample(chance, number, kinds) for number in range(COUNT)]


def _sample(chance: random.Random, number: int, kinds: Sequence[FailureKind]) -> Sample:
    series = chance.choice(SERIES)
    warm = series.connection == "warm"
    given: dict[str, Any] = {
        "connection": series.connection,
        "reused": warm and chance.random() < 0.95,
        "lag_seconds": chance.expovariate(200),
        "trusted": chance.random() < 0.99,
        "stamps": chance.choice(("kernel", "read")),
        "suite": chance.choice(("quick", "long")),
    }
    at = NOW + timedelta(seconds=number, microseconds=chance.randrange(1_000_000))
    timing = _timing(chance, warm)
    if chance.random() < 0.15:
        given["timing"] = Timing(dns_seconds=timing.dns_seconds, duration_seconds=timing.duration_seconds)
        return make_failure(chance.choice(kinds), series.target, at, **given)
    usage = Usage(
        input_tokens=chance.randrange(1, 5000),
        output_tokens=chance.randrange(1, 900),
        cached_input_tokens=chance.choice((None, 0, 128)),
        reasoning_tokens=chance.choice((None, 64)),
        source=chance.choice(("provider", "provider", "estimate")),
    )
    given |= {
        "timing": timing,
        "usage": usage,
        "cost": _cost(chance) if chance.random() < 0.9 else None,
        "reported": REPORTED if chance.random() < 0.5 else None,
    }
    return make_sample(series.target, at, **given)


def _timing(chance: random.Random, warm: bool) -> Timing:
    connecting = 0.0 if warm else chance.uniform(0.02, 0.2)
    gaps = tuple(chance.expovariate(40) for _ in range(chance.randrange(2, 12)))
    ttft = connecting + chance.lognormvariate(-1, 0.6)
    total = ttft + math.fsum(gaps)
    return Timing(
        dns_seconds=None if warm else connecting * 0.25,
        connect_seconds=None if warm else connecting * 0.25,
        tls_seconds=None if warm else connecting * 0.5,
        send_seconds=0.0003,
        ttfb_seconds=ttft * 0.9,
        ttft_seconds=ttft,
        ttft_server_seconds=ttft - connecting,
        ttfa_seconds=ttft,
        total_latency_seconds=total,
        drain_seconds=0.001,
        duration_seconds=round(total + 0.001, 6),
        itl_seconds=math.fsum(gaps) / len(gaps),
        stream_jitter_seconds=0.01,
        chunk_gaps_seconds=gaps,
        tps=chance.uniform(1, 300),
        tps_steady=chance.uniform(1, 300),
    )


def _cost(chance: random.Random) -> Cost:
    return Cost(
        total_usd=Decimal(chance.randrange(1, 100_000)) / 10_000_000,
        input_price_per_million_usd=Decimal("0.15"),
        output_price_per_million_usd=Decimal("0.6"),
        price_source="test",
    )
