"""The value score by its definition."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.value import cost_per_million_usd, value_score


def test_speed_for_a_dollar() -> None:
    # 0.0006 USD for 1000 tokens are 0.60 USD for a million; 120 / 0.60
    assert value_score(120.0, Decimal("0.0006"), 1000) == 200


def test_what_costs_nothing_counts_as_a_cent_for_a_million() -> None:
    assert value_score(50.0, Decimal(0), 1000) == 5000


@pytest.mark.parametrize(
    ("tps", "cost", "tokens"),
    [
        (None, Decimal("0.001"), 100),
        (50.0, None, 100),
        (50.0, Decimal("0.001"), None),
        (50.0, Decimal("0.001"), 0),
        (50.0, Decimal(0), 0),
    ],
)
def test_is_unknown_without_speed_cost_or_tokens(
    tps: float | None, cost: Decimal | None, tokens: int | None
) -> None:
    assert value_score(tps, cost, tokens) is None


@given(
    st.floats(0.1, 5000),
    st.decimals("0.000001", "1", places=9),
    st.integers(1, 100_000),
)
def test_is_the_quotient_rounded(tps: float, cost: Decimal, tokens: int) -> None:
    per_million = float(cost) / tokens * 1e6
    assert value_score(tps, cost, tokens) == pytest.approx(tps / per_million, rel=1e-9, abs=0.500001)


def test_cost_of_a_million_tokens() -> None:
    assert cost_per_million_usd(Decimal("0.0006"), 1000) == Decimal("0.6")
    assert cost_per_million_usd(Decimal(0), 1000) == 0
    assert cost_per_million_usd(Decimal("0.0006"), 0) is None
