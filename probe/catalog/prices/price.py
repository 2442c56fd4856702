"""What a model costs, and what a request cost: exact, in Decimal, USD.

As JSON a price is `{"input_per_million_usd": "0.15", "cached_input_per_million_usd": "0.075", …,
"request_usd": "0", "tiers": [{"above_input_tokens": 200000, "input_per_million_usd": …}]}`, wherever there is
one: amounts are text, since a JSON number becomes a binary fraction in most readers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from probe.facts.rates import TOKEN_KINDS, Rates
from probe.facts.sample import Cost, Reported, Usage

_PER_MILLION = -6
# The `price_source` of a cost that the provider stated, where no price is known.
CHARGED: Final = "charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates for the whole of a request with more than so many input tokens."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one model at one instant.

    `source` names where it came from, `effective_on` the day from which it holds by the source's own word, if
    that is known, and `fetched_at` when it was read there. Money is USD, into which the source's currency was
    not converted: a price in another currency is no price here.
    `tiers` are in ascending order; `request_usd` is charged for each request beside its tokens.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    request_usd: Decimal = Decimal(0)
    source: str
    effective_on: date | None = None
    fetched_at: datetime | None = None

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates for a request of that size."""
        reached = (tier.rates for tier in reversed(self.tiers) if input_tokens > tier.above_input_tokens)
        return next(reached, self.rates)


class DatedPrice(NamedTuple):
    """A price that is in force from `at` on."""

    at: datetime
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """The price of a model from `at` on, until its next entry. The first one is no change."""

    id: UUID
    provider: str
    model: str
    price: Price
    at: datetime


def cost_of(price: Price, usage: Usage) -> Cost | None:
    """What a request cost; None if its tokens are unknown.

    Counts that were estimated give an estimated cost: `Usage.source` on the same sample says so.
    """
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    rates = price.rates_for(usage.input_tokens)
    charged = rates.charged()
    left = {"input": usage.input_tokens, "output": usage.output_tokens}
    tokens_usd = Decimal(0)
    for kind in TOKEN_KINDS:
        if kind.part_of is not None:
            # A kind that no answer counts costs what its whole does.
            count = min(getattr(usage, f"{kind.name}_tokens", None) or 0, left[kind.part_of])
            left[kind.part_of] -= count
            tokens_usd += count * charged[kind.name]
    tokens_usd += sum(count * charged[whole] for whole, count in left.items())
    return Cost(
        total_usd=tokens_usd.scaleb(_PER_MILLION) + price.request_usd,
        input_price_per_million_usd=rates.input_per_million_usd,
        output_price_per_million_usd=rates.output_per_million_usd,
        price_source=price.source,
    )


def cost_of_request(price: Price | None, usage: Usage, reported: Reported | None) -> Cost | None:
    """By its price; without one, what the provider itself said it charged.

    A 0 in the head of a response is no charge: heads of streams leave before anybody has reckoned.
    """
    cost = None if price is None else cost_of(price, usage)
    charged = None if reported is None else reported.cost_usd
    if (
        cost is not None
        or reported is None
        or charged is None
        or (not charged and reported.source == "headers")
    ):
        return cost
    return Cost(
        total_usd=charged,
        input_price_per_million_usd=None,
        output_price_per_million_usd=None,
        price_source=CHARGED,
    )


def same_amounts(one: Price, other: Price) -> bool:
    """Who says so, and since when."""
    return (one.rates, one.tiers, one.request_usd) == (other.rates, other.tiers, other.request_usd)


def plain(usd: Decimal) -> str:
    """All digits, without an exponent and without zeros at the end: equal amounts are equal texts."""
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amounts_to_json(price: Price) -> dict[str, Any]:
    """Without source and dates."""
    return {
        **_rates_to_json(price.rates),
        "request_usd": plain(price.request_usd),
        "tiers": tiers_to_json(price.tiers),
    }


def price_to_json(price: Price) -> dict[str, Any]:
    """All of it."""
    return {
        **amounts_to_json(price),
        "source": price.source,
        "effective_on": None if price.effective_on is None else price.effective_on.isoformat(),
        "fetched_at": None if price.fetched_at is None else price.fetched_at.isoformat(),
    }


def price_from_json(
    data: Mapping[str, Any], *, source: str, effective_on: date | None, fetched_at: datetime | None
) -> Price:
    """Of the amounts, also as they were written up to schema 0004: see `_rates_from_json`."""
    return Price(
        rates=_rates_from_json(data),
        tiers=tiers_from_json(data["tiers"]),
        request_usd=Decimal(data["request_usd"]),
        source=source,
        effective_on=effective_on,
        fetched_at=fetched_at,
    )


def tiers_to_json(tiers: Iterable[Tier]) -> list[dict[str, Any]]:
    return [{"above_input_tokens": tier.above_input_tokens, **_rates_to_json(tier.rates)} for tier in tiers]


def tiers_from_json(data: Iterable[Mapping[str, Any]] | None) -> tuple[Tier, ...]:
    return tuple(
        Tier(above_input_tokens=tier["above_input_tokens"], rates=_rates_from_json(tier))
        for tier in data or ()
    )


def _rates_to_json(rates: Rates) -> dict[str, str | None]:
    amounts = {kind.key: getattr(rates, kind.key) for kind in TOKEN_KINDS}
    return {key: None if usd is None else plain(usd) for key, usd in amounts.items()}


def _rates_from_json(data: Mapping[str, Any]) -> Rates:
    """Rates used to be stored under the name of their kind alone: `input`, `cached_input`, …"""
    amounts = {kind.key: data.get(kind.key, data.get(kind.name)) for kind in TOKEN_KINDS}
    return Rates(**{key: None if usd is None else Decimal(usd) for key, usd in amounts.items()})  # type: ignore[arg-type]
