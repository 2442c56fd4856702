"""What a model costs, and what a request cost: exact, in Decimal, USD."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from probe.facts.sample import Cost, Usage

_PER_MILLION = -6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """USD per million tokens. A part without a price of its own costs as much as its whole."""

    input_per_million_usd: Decimal
    output_per_million_usd: Decimal
    cached_input_per_million_usd: Decimal | None = None
    cache_write_per_million_usd: Decimal | None = None
    reasoning_per_million_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates for the whole of a request with more than so many input tokens."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one model at one instant.

    `source` names where it came from, `effective` the day from which it holds, where that is known, and
    `fetched_at` when it was read there. Money is USD, into which the source's currency was not converted: a
    price in another currency is no price here.
    `tiers` are in ascending order; `request_usd` is asked for each request beside its tokens.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    request_usd: Decimal = Decimal(0)
    source: str
    effective: date | None = None
    fetched_at: datetime | None = None

    @property
    def input_per_million_usd(self) -> Decimal:
        return self.rates.input_per_million_usd

    @property
    def output_per_million_usd(self) -> Decimal:
        return self.rates.output_per_million_usd

    @property
    def cached_input_per_million_usd(self) -> Decimal | None:
        return self.rates.cached_input_per_million_usd

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates for a request of that size."""
        reached = (tier.rates for tier in reversed(self.tiers) if input_tokens > tier.above_input_tokens)
        return next(reached, self.rates)


def cost_of(price: Price, usage: Usage) -> Cost | None:
    """What a request cost; None where its tokens are unknown.

    Counts that were estimated give an estimated cost: `Usage.source` on the same sample says so.
    """
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    rates = price.rates_for(usage.input_tokens)
    cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
    written = min(usage.cache_write_tokens or 0, usage.input_tokens - cached)
    reasoning = min(usage.reasoning_tokens or 0, usage.output_tokens)
    tokens_usd = (
        (usage.input_tokens - cached - written) * rates.input_per_million_usd
        + cached * _or(rates.cached_input_per_million_usd, rates.input_per_million_usd)
        + written * _or(rates.cache_write_per_million_usd, rates.input_per_million_usd)
        + (usage.output_tokens - reasoning) * rates.output_per_million_usd
        + reasoning * _or(rates.reasoning_per_million_usd, rates.output_per_million_usd)
    )
    return Cost(
        total_usd=tokens_usd.scaleb(_PER_MILLION) + price.request_usd,
        input_price_per_million_usd=rates.input_per_million_usd,
        output_price_per_million_usd=rates.output_per_million_usd,
        price_source=price.source,
    )


def same_amounts(one: Price, other: Price) -> bool:
    """Whoever says so, and since when."""
    return (one.rates, one.tiers, one.request_usd) == (other.rates, other.tiers, other.request_usd)


def _or(price: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if price is None else price
