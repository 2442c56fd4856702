"""Percentiles against an independent definition, and the sizes below which they are guesses."""

from __future__ import annotations

import statistics
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.distribution import distribution_of
from probe.analysis.percentile import hourly_medians, percentile, samples_needed

finite = st.floats(min_value=-1e6, max_value=1e6)


def test_of_nothing_is_unknown() -> None:
    assert percentile([], 50) is None
    assert distribution_of([]) is None


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
    few, many = distribution_of([1.0] * 63), distribution_of([1.0] * 64)
    assert few is not None
    assert many is not None
    assert (few.n, few.reliable(50), few.reliable(90)) == (63, True, False)
    assert (many.n, many.reliable(90), many.reliable(99)) == (64, True, False)


def test_a_distribution_describes_its_values() -> None:
    found = distribution_of([float(value) for value in range(101)])
    assert found is not None
    assert (found.minimum, found.mean, found.maximum) == (0.0, 50.0, 100.0)
    assert (found.p50, found.p90, found.p95, found.p99) == (50.0, 90.0, 95.0, 99.0)


# Hour by hour: the line of a sparkline ----------------------------------------------------------------------


def test_an_hour_without_values_is_a_gap() -> None:
    assert hourly_medians([], []) == (None,) * 24
    assert hourly_medians([10800.0], [2.0], hours=4) == (None, None, None, 2.0)


def test_an_hour_shows_its_median() -> None:
    assert hourly_medians([0.0, 10.0, 3599.9, 3600.0], [9.0, 1.0, 2.0, 5.0], hours=2) == (2.0, 5.0)


def test_leaves_out_what_lies_outside() -> None:
    assert hourly_medians([-0.1, 7200.0], [1.0, 1.0], hours=2) == (None, None)


def test_refuses_values_without_an_instant() -> None:
    with pytest.raises(ValueError, match="shorter"):
        hourly_medians([0.0, 1.0], [1.0])


@given(st.lists(st.tuples(st.floats(0, 86399), st.floats(0, 100)), max_size=50))
def test_a_median_lies_among_the_values_of_its_hour(points: list[tuple[float, float]]) -> None:
    medians = hourly_medians([at for at, _ in points], [value for _, value in points])
    for hour, median in enumerate(medians):
        inside = [value for at, value in points if hour <= at / 3600 < hour + 1]
        assert (median is None) == (not inside)
        assert median is None or min(inside) <= median <= max(inside)
