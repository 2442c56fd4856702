"""What a request costs, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.prices.price import CHARGED, Price, cost_of, cost_of_request
from probe.facts.rates import Rates
from probe.facts.sample import Reported, Usage


def price(
    input_usd: str = "2", output_usd: str = "8", *, cached: str | None = None, reasoning: str | None = None
) -> Price:
    return Price(
        rates=Rates(
            input_per_million_usd=Decimal(input_usd),
            output_per_million_usd=Decimal(output_usd),
            cached_input_per_million_usd=None if cached is None else Decimal(cached),
            reasoning_per_million_usd=None if reasoning is None else Decimal(reasoning),
        ),
        source="test",
    )


def total(price: Price, usage: Usage) -> Decimal:
    cost = cost_of(price, usage)
    assert cost is not None
    return cost.total_usd


@pytest.mark.parametrize(
    ("one", "usage", "usd"),
    [
        (price(), Usage(input_tokens=500, output_tokens=100), "0.0018"),
        (price(), Usage(input_tokens=0, output_tokens=0), "0"),
        (price("0", "0"), Usage(input_tokens=500, output_tokens=100), "0"),
        (price(cached="0.5"), Usage(input_tokens=500, cached_input_tokens=400, output_tokens=0), "0.0004"),
        (price(cached="0"), Usage(input_tokens=500, cached_input_tokens=500, output_tokens=0), "0"),
        (price(), Usage(input_tokens=500, cached_input_tokens=400, output_tokens=0), "0.001"),
        (price(reasoning="3"), Usage(input_tokens=0, output_tokens=100, reasoning_tokens=40), "0.0006"),
        (price(), Usage(input_tokens=0, output_tokens=100, reasoning_tokens=40), "0.0008"),
        (price(cached="0.5"), Usage(input_tokens=10, cached_input_tokens=99, output_tokens=0), "0.000005"),
        (price(), Usage(input_tokens=500, output_tokens=100, source="estimate"), "0.0018"),
    ],
)
def test_costs(one: Price, usage: Usage, usd: str) -> None:
    assert total(one, usage) == Decimal(usd)


@pytest.mark.parametrize(
    "usage", [Usage(), Usage(input_tokens=5), Usage(output_tokens=5), Usage(cached_input_tokens=5)]
)
def test_unknown_tokens_have_no_cost(usage: Usage) -> None:
    assert cost_of(price(), usage) is None


def test_a_price_for_each_request() -> None:
    asked = Price(rates=price().rates, request_usd=Decimal("0.005"), source="test")
    assert total(asked, Usage(input_tokens=500, output_tokens=100)) == Decimal("0.0068")


def test_a_cost_says_what_it_was_made_of() -> None:
    cost = cost_of(price(), Usage(input_tokens=1, output_tokens=1))
    assert cost is not None
    assert cost.input_price_per_million_usd == 2
    assert cost.output_price_per_million_usd == 8
    assert cost.price_source == "test"


TOKENS = st.integers(0, 10**8)
USD = st.decimals(0, 1000, places=6)


@given(USD, USD, TOKENS, TOKENS)
def test_no_cent_is_lost(input_usd: Decimal, output_usd: Decimal, inputs: int, outputs: int) -> None:
    usd = total(price(str(input_usd), str(output_usd)), Usage(input_tokens=inputs, output_tokens=outputs))
    exact = (Fraction(input_usd) * inputs + Fraction(output_usd) * outputs) / 10**6
    assert Fraction(usd) == exact


# What the provider charged ----------------------------------------------------------------------------------

COUNTED = Usage(input_tokens=500, output_tokens=100)
STATED = Reported(source="response", cost_usd=Decimal("0.005"))


def test_a_charge_is_the_last_source_of_a_cost() -> None:
    reckoned = cost_of_request(price(), COUNTED, STATED)
    assert reckoned == cost_of(price(), COUNTED)
    for known, usage in ((None, COUNTED), (price(), Usage())):
        charged = cost_of_request(known, usage, STATED)
        assert charged is not None
        assert (charged.total_usd, charged.price_source) == (Decimal("0.005"), CHARGED)
        assert charged.input_price_per_million_usd is charged.output_price_per_million_usd is None


def test_without_a_price_and_a_charge_there_is_no_cost() -> None:
    assert cost_of_request(None, COUNTED, None) is None
    assert cost_of_request(None, COUNTED, Reported(source="response", total_seconds=1.0)) is None
    # The head of a stream left before anybody reckoned.
    assert cost_of_request(None, COUNTED, Reported(source="headers", cost_usd=Decimal(0))) is None
    free = cost_of_request(None, COUNTED, Reported(source="response", cost_usd=Decimal(0)))
    assert free is not None
    assert free.total_usd == 0
