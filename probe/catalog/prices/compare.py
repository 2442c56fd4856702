"""How far two prices of one model are apart."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final, NamedTuple

from probe.catalog.prices.price import Price, Rates
from probe.catalog.prices.quote import stated_rates

_SHOWN: Final = Context(prec=4)

# Something against nothing: no factor leads from the one to the other.
INFINITE: Final = Decimal("Infinity")


class Apart(NamedTuple):
    """The larger amount is `factor` times the smaller one, `INFINITE` where only one of them is 0.

    `part` is the amount that is farthest apart: `input`, `output`, …
    """

    factor: Decimal
    part: str
    before: Decimal
    after: Decimal


def change_between(before: Price, after: Price) -> Apart | None:
    """The largest change that a request can meet, whatever its size; None where nothing changed.

    A kind of token without a rate of its own costs what it costs all the same, so that is compared.
    """
    sizes = {0, *(tier.above_input_tokens + 1 for price in (before, after) for tier in price.tiers)}
    pairs = [
        pair
        for size in sorted(sizes)
        for pair in _pairs(_charged(before.rates_for(size)), _charged(after.rates_for(size)))
    ]
    pairs.append(("request", before.request_usd, after.request_usd))
    return _farthest(pairs)


def difference_between(one: Price, other: Price) -> Apart | None:
    """The largest difference in what both of them state; None where they agree.

    What only one states is no disagreement: sources differ in how much they write down.
    """
    pairs = list(_pairs(stated_rates(one.rates), stated_rates(other.rates)))
    if one.request_usd and other.request_usd:
        pairs.append(("request", one.request_usd, other.request_usd))
    return _farthest(pairs)


def factor_between(one: Decimal, other: Decimal) -> Decimal:
    """1 where they are equal, never less."""
    low, high = sorted((one, other))
    if low == high:
        return Decimal(1)
    return INFINITE if low == 0 else high / low


def shown_factor(factor: Decimal) -> str:
    """`10.17`, `1000`: four digits that count, and no exponent."""
    return f"{_SHOWN.create_decimal(factor).normalize(_SHOWN):f}"


def _farthest(pairs: Iterable[tuple[str, Decimal, Decimal]]) -> Apart | None:
    unequal = [
        Apart(factor_between(before, after), part, before, after)
        for part, before, after in pairs
        if before != after
    ]
    return max(unequal, key=lambda apart: apart.factor, default=None)


def _pairs(one: dict[str, Decimal], other: dict[str, Decimal]) -> Iterable[tuple[str, Decimal, Decimal]]:
    return ((part, amount, other[part]) for part, amount in one.items() if part in other)


def _charged(rates: Rates) -> dict[str, Decimal]:
    """What each kind of token costs, those first that are stated."""
    stated = stated_rates(rates)
    others = {
        "cached_input": rates.input_per_million_usd,
        "cache_write": rates.input_per_million_usd,
        "reasoning": rates.output_per_million_usd,
    }
    return stated | {part: amount for part, amount in others.items() if part not in stated}
