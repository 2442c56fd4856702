"""Jitter and its traffic light."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis import jitter_light, jitter_seconds
from probe.analysis.jitter import Moments, nanoseconds

latencies = st.lists(st.integers(0, 120 * 10**9).map(lambda ns: ns / 1e9), max_size=60)


def test_is_zero_for_fewer_than_two() -> None:
    assert jitter_seconds([]) == 0.0
    assert jitter_seconds([1.7]) == 0.0


def test_is_the_standard_deviation_of_the_population() -> None:
    assert jitter_seconds([1.0, 3.0]) == 1.0
    assert jitter_seconds([0.25, 0.25, 0.25]) == 0.0


@given(latencies.filter(lambda values: len(values) > 1))
def test_agrees_with_the_standard_library(values: list[float]) -> None:
    assert jitter_seconds(values) == pytest.approx(statistics.pstdev(values), rel=1e-9, abs=1e-9)


@given(latencies, latencies)
def test_what_left_a_window_leaves_no_trace(stay: list[float], leave: list[float]) -> None:
    moments = Moments(map(nanoseconds, [*leave, *stay]))
    for value in leave:
        moments.remove(nanoseconds(value))
    assert moments.standard_deviation_seconds == jitter_seconds(stay)


@given(latencies, st.integers(0, 10))
def test_does_not_change_when_every_latency_grows_alike(values: list[float], by: int) -> None:
    assert jitter_seconds([value + by for value in values]) == pytest.approx(jitter_seconds(values), abs=1e-8)


@pytest.mark.parametrize(
    ("seconds", "light"),
    [(0.0, "green"), (0.1999, "green"), (0.2, "yellow"), (0.5, "yellow"), (0.5001, "red"), (60.0, "red")],
)
def test_traffic_light(seconds: float, light: str) -> None:
    assert jitter_light(seconds) == light
