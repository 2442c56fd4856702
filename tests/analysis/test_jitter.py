"""Jitter and its traffic light."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.jitter import Moments, jitter_light, jitter_seconds, nanoseconds

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


# Several prompts --------------------------------------------------------------------------------------------


def test_prompts_of_different_length_are_no_jitter() -> None:
    """Two suites at a server that is steady to 0.6 ms."""
    latencies = [0.3, 0.3006, 1.66, 1.6606] * 25
    prompts = [1, 1, 2, 2] * 25
    assert jitter_seconds(latencies) > 0.5
    assert jitter_seconds(latencies, prompts) == pytest.approx(0.0003, rel=1e-6)
    assert jitter_light(jitter_seconds(latencies, prompts)) == "green"


@given(st.lists(st.floats(0, 3600), max_size=30))
def test_of_one_prompt_it_is_what_it_is_to_the_last_digit(values: list[float]) -> None:
    assert jitter_seconds(values, [7] * len(values)) == jitter_seconds(values)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 3600)), min_size=1, max_size=30))
def test_it_is_the_root_of_the_pooled_variance(values: list[tuple[int, float]]) -> None:
    groups: dict[int, list[float]] = {}
    for prompt, latency in values:
        groups.setdefault(prompt, []).append(latency)
    pooled = sum(len(group) * statistics.pvariance(group) for group in groups.values()) / len(values)
    found = jitter_seconds([latency for _, latency in values], [prompt for prompt, _ in values])
    assert found == pytest.approx(pooled**0.5, rel=1e-9, abs=1e-7)
