"""Who is probed on the stage, and what every attempt comes to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from probe.facts.sample import (
    FAULTS,
    Cost,
    Failed,
    FailureKind,
    Ok,
    Sample,
    Series,
    Target,
    TargetKind,
    Usage,
)
from probe.wire.request import Connection
from tests.exporters.samples import REPORTED, TIMING, make_sample

DAY = datetime(2026, 11, 21, tzinfo=UTC)


def at(clock: str) -> datetime:
    """The instant of a time of day on the stage, such as `20:01:30`."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


BEGIN, END = at("19:40:00"), at("20:12:00")
OUTAGE = at("20:01:30")
REMOVED = at("19:59:00")
DEARER = at("19:51:38")
# The probe `here` is down between these; at the end both are.
DOWN, UP = at("20:03:53"), at("20:05:08")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One series: how fast it is, what it costs per million tokens, and which share of attempts fails how."""

    series: Series
    ttft_seconds: float
    tps: float
    price_usd: str | None = None
    fails_every: int = 0
    failure: FailureKind = "server_error"

    def price_at(self, when: datetime) -> Decimal | None:
        if self.price_usd is None:
            return None
        return Decimal(self.price_usd) * (
            2 if self.series.target.name == "acme/llama" and when >= DEARER else 1
        )

    def fails(self, number: int, when: datetime) -> bool:
        if self.series.target.name == "acme/mini-8b":
            return when >= OUTAGE
        return bool(self.fails_every) and number % self.fails_every == 1


def _cast(
    name: str,
    model: str,
    ttft: float,
    tps: float,
    *,
    kind: TargetKind = "direct",
    connection: Connection = "cold",
    location: str = "here",
    price: str | None = None,
    fails_every: int = 0,
    failure: FailureKind = "server_error",
) -> Cast:
    provider = name.partition("/")[0]
    target = Target(
        name=name,
        provider=provider,
        model=model,
        base_url=f"https://{provider}.test/v1",
        kind=kind,
        location=location,
    )
    return Cast(
        series=Series(target=target, connection=connection),
        ttft_seconds=ttft,
        tps=tps,
        price_usd=price,
        fails_every=fails_every,
        failure=failure,
    )


_LLAMA = "llama-3.3-70b-instruct"
CAST = (
    _cast("acme/llama", _LLAMA, 0.26, 110, price="0.5"),
    _cast("acme/llama", _LLAMA, 0.2, 110, connection="warm", price="0.5"),
    _cast("acme/mini-8b", "mini-8b", 0.1, 180, price="0.1"),
    _cast("acme/limited-4b", "limited-4b", 0.15, 140, fails_every=2, failure="rate_limited"),
    _cast("borealis/llama", _LLAMA, 0.41, 41, price="0.4"),
    _cast("borealis/flaky-large", "flaky-large", 0.6, 66.7, price="0.9", fails_every=3, failure="dns"),
    _cast("borealis/old-13b", "old-13b", 0.3, 80, fails_every=5),
    _cast("waypoint/llama", f"meta/{_LLAMA}", 0.36, 90, kind="proxy", price="0.6"),
    _cast("sim/steady", "sim?ttft_ms=200&gap_ms=10&tokens=100", 0.2, 100, kind="simulated"),
    _cast("gpu/mistral", "mistral-7b", 0.05, 95, kind="engine"),
    _cast("acme/llama", _LLAMA, 0.31, 100, location="there", price="0.5"),
    _cast("borealis/llama", _LLAMA, 0.47, 39, location="there", price="0.4"),
)
TOKENS = 100
# The attempt whose answer comes in one burst: its speed is of nothing.
BURST_AT, BURST_TPS, BURST_TARGET = at("19:47:00"), 22_222.0, "borealis/flaky-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One attempt of the stage."""

    cast: Cast
    sample: Sample

    @property
    def ended_at(self) -> datetime:
        return self.sample.ended_at


def acts() -> Iterator[Act]:
    """Every attempt that was made, by time: one a minute of each series while it was probed."""
    minutes = int((END - BEGIN) / timedelta(minutes=1))
    for number in range(minutes):
        for place, cast in enumerate(CAST):
            when = BEGIN + timedelta(minutes=number, seconds=5 + 2 * place)
            if _made(cast, when):
                yield Act(cast=cast, sample=_sample(cast, number, when, place))


def _made(cast: Cast, when: datetime) -> bool:
    target = cast.series.target
    if target.name == "acme/limited-4b" and when >= REMOVED:
        return False
    return target.location != "here" or not DOWN <= when < UP


def _sample(cast: Cast, number: int, when: datetime, place: int) -> Sample:
    target = cast.series.target
    same = make_sample(
        target,
        when,
        id=UUID(int=(number << 16) + place),
        connection=cast.series.connection,
        reused=cast.series.connection == "warm",
        reported=REPORTED if target.kind in ("proxy", "engine") else None,
        usage=Usage(input_tokens=TOKENS, output_tokens=TOKENS),
        cost=None,
    )
    if cast.fails(number, when):
        kind = cast.failure
        failed = Failed(kind=kind, fault=FAULTS[kind], detail="staged")
        return replace(same, outcome=failed, usage=Usage(), reported=None)
    # Two in three are a little off, so that medians and deviations are not those of one number.
    off = 1 + 0.02 * (number % 3 - 1)
    burst = target.name == BURST_TARGET and abs(when - BURST_AT) < timedelta(minutes=1)
    tps = BURST_TPS if burst else cast.tps * off
    stream = (TOKENS - 1) / tps
    ttft = cast.ttft_seconds * off
    warm = cast.series.connection == "warm"
    opening: dict[str, Any] = {"dns_seconds": 0.0, "connect_seconds": 0.0, "tls_seconds": 0.0} if warm else {}
    timing = replace(
        TIMING,
        **opening,
        ttft_seconds=ttft,
        ttft_server_seconds=ttft * 0.7,
        total_latency_seconds=ttft + stream,
        tps=tps,
        tps_steady=tps,
    )
    price = cast.price_at(when)
    cost = price and Cost(
        total_usd=price * 2 * TOKENS / 1_000_000,
        input_price_per_million_usd=price,
        output_price_per_million_usd=price,
        price_source="configured",
    )
    return replace(same, outcome=Ok(), timing=timing, cost=cost or None)
