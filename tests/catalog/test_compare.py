"""How far prices are apart, and what becomes of one that jumps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.prices.compare import (
    INFINITE,
    Difference,
    change_between,
    check_jump,
    difference_between,
    factor_between,
)
from probe.catalog.prices.price import Price, Tier
from probe.facts.rates import Rates


def rates(input_usd: str = "3", output_usd: str = "15", **more: str) -> Rates:
    return Rates(
        input_per_million_usd=Decimal(input_usd),
        output_per_million_usd=Decimal(output_usd),
        **{f"{name}_per_million_usd": Decimal(usd) for name, usd in more.items()},
    )


def price(input_usd: str = "3", output_usd: str = "15", **more: Any) -> Price:
    request_usd, tiers = Decimal(more.pop("request_usd", "0")), more.pop("tiers", ())
    return Price(rates=rates(input_usd, output_usd, **more), request_usd=request_usd, tiers=tiers, source="x")


def tier(above: int, input_usd: str) -> Tier:
    return Tier(above_input_tokens=above, rates=rates(input_usd))


@pytest.mark.parametrize(
    ("before", "after", "fate"),
    [
        (None, price(), "first"),
        (price(), price(), "same"),
        (price("3.0"), price("3.000"), "same"),
        (price(), price("2.5"), "changed"),
        (price(), price("30"), "changed"),  # ten times is not more than ten times
        (price(), price("30.01"), "held"),
        (price("30"), price("2.99"), "held"),
        (price(), price("0"), "held"),
        (price("0", "0"), price("0.01", "0.01"), "held"),
        (price("0", "0"), price("0", "0"), "same"),
        (price(), price(output_usd="151"), "held"),
        # What is written down now was charged before.
        (price(), price(cached_input="3"), "changed"),
        (price(), price(cached_input="0.3"), "changed"),
        (price(), price(cached_input="0.29"), "held"),
        (price(), price(cached_input="0"), "held"),
        (price(cached_input="0.3"), price(), "changed"),
        (price(reasoning="15"), price(reasoning="151"), "held"),
        (price(), price(request_usd="0.005"), "held"),
        (price(request_usd="0.005"), price(request_usd="0.006"), "changed"),
        # Large requests.
        (price(), price(tiers=(tier(200_000, "6"),)), "changed"),
        (price(), price(tiers=(tier(200_000, "31"),)), "held"),
        (price(tiers=(tier(200_000, "6"),)), price(tiers=(tier(200_000, "6"),)), "same"),
        (price(tiers=(tier(200_000, "31"),)), price(tiers=(tier(400_000, "31"),)), "held"),
    ],
)
def test_what_becomes_of_a_price(before: Price | None, after: Price, fate: str) -> None:
    assert check_jump(before, after, 10.0).verdict == fate


def test_why_it_is_held() -> None:
    assert check_jump(price(), price("30.5"), 10.0).reason == "input from 3 to 30.5 USD, a factor of 10.17"
    assert check_jump(price(), price(output_usd="0"), 10.0).reason == "output from 15 to 0 USD"


def test_the_part_that_is_farthest_apart() -> None:
    apart = change_between(price(), price("6", "45"))
    assert apart is not None
    assert apart == Difference(Decimal(3), "output", Decimal(15), Decimal(45))


def test_sources_disagree_only_on_what_both_state() -> None:
    assert difference_between(price(), price(cached_input="0.3")) is None
    assert difference_between(price(), price(tiers=(tier(1, "99"),))) is None
    assert difference_between(price(), price(request_usd="1")) is None
    found = difference_between(price(cached_input="0.3"), price(cached_input="0.6"))
    assert found is not None
    assert (found.part, found.factor) == ("cached_input", Decimal(2))


AMOUNTS = st.decimals(0, 1000, places=9)


@given(AMOUNTS, AMOUNTS)
def test_a_factor_has_no_direction(one: Decimal, other: Decimal) -> None:
    factor = factor_between(one, other)
    assert factor == factor_between(other, one) >= 1
    assert (factor == INFINITE) == (one != other and 0 in (one, other))
    assert (factor == 1) == (one == other) or factor - 1 < Decimal("1e-12")
