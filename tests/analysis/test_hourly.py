"""Sparklines: one median an hour, and gaps where nothing was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis import hourly_medians


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
