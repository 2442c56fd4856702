"""How far values lie from their mean."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.distribution import spread

VALUES = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=50)


def test_no_values_have_no_spread() -> None:
    assert spread([]) is None


def test_a_single_value_does_not_vary() -> None:
    found = spread([3.0])
    assert found is not None
    assert (found.variance, found.standard_deviation, found.variation) == (0, 0, 0)


def test_a_mean_of_nothing_has_no_share() -> None:
    found = spread([0.0, 0.0])
    assert found is not None
    assert found.variation is None


@given(VALUES)
def test_it_is_that_of_the_population(values: list[float]) -> None:
    found = spread(values)
    assert found is not None
    assert found.variance == pytest.approx(statistics.pvariance(values), rel=1e-9, abs=1e-6)
    assert found.standard_deviation == pytest.approx(statistics.pstdev(values), rel=1e-9, abs=1e-3)
