"""Percentiles against an independent definition, and the sizes below which they are guesses."""

from __future__ import annotations

import statistics
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis import describe, percentile, samples_needed

finite = st.floats(min_value=-1e6, max_value=1e6)


def test_of_nothing_is_unknown() -> None:
    assert percentile([], 50) is None
    assert describe([]) is None


def test_interpolates_between_the_two_nearest_ranks() -> None:
    assert percentile([40.0, 10.0, 30.0, 20.0], 0) == 10.0
    assert percentile([40.0, 10.0, 30.0, 20.0], 50) == 25.0
    assert percentile([40.0, 10.0, 30.0, 20.0], 90) == pytest.approx(37.0)
    assert percentile([40.0, 10.0, 30.0, 20.0], 100) == 40.0
    assert percentile([7.0], 99) == 7.0


@given(st.lists(finite, min_size=2, max_size=200), st.integers(1, 99))
def test_agrees_with_the_inclusive_quantiles_of_the_standard_library(values: list[float], q: int) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")[q - 1]
    assert percentile(values, q) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.lists(finite, min_size=1), st.floats(0, 100), st.floats(0, 100))
def test_never_leaves_the_values_and_never_falls(values: list[float], p: float, q: float) -> None:
    low, high = percentile(values, min(p, q)), percentile(values, max(p, q))
    assert low is not None
    assert high is not None
    assert min(values) <= low <= high + 1e-9
    assert high <= max(values)


@pytest.mark.parametrize("q", [-0.1, 100.1])
def test_refuses_what_is_no_percentile(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1.0], q)


@pytest.mark.parametrize(("q", "n"), [(50, 11), (90, 64), (95, 130), (99, 662)])
def test_how_many_samples_a_percentile_needs(q: float, n: int) -> None:
    def at_most_one_beyond(size: int) -> float:
        beyond = 1 - q / 100
        return sum(comb(size, k) * beyond**k * (1 - beyond) ** (size - k) for k in (0, 1))

    assert samples_needed(q) == n
    assert at_most_one_beyond(n) <= 0.01 < at_most_one_beyond(n - 1)


@pytest.mark.parametrize("q", [0, 100])
def test_no_number_of_samples_reaches_the_ends(q: float) -> None:
    with pytest.raises(ValueError, match="needs a percentile"):
        samples_needed(q)


def test_a_distribution_says_what_its_size_is_good_for() -> None:
    few, many = describe([1.0] * 63), describe([1.0] * 64)
    assert few is not None
    assert many is not None
    assert (few.n, few.reliable(50), few.reliable(90)) == (63, True, False)
    assert (many.n, many.reliable(90), many.reliable(99)) == (64, True, False)


def test_a_distribution_describes_its_values() -> None:
    found = describe([float(value) for value in range(101)])
    assert found is not None
    assert (found.minimum, found.mean, found.maximum) == (0.0, 50.0, 100.0)
    assert (found.p50, found.p90, found.p95, found.p99) == (50.0, 90.0, 95.0, 99.0)
