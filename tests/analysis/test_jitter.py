"""Jitter and its traffic light."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.jitter import Moments, jitter_light, jitter_seconds, nanoseconds

latencies = st.lists(st.integers(0, 120 * 10**9).map(lambda ns: ns / 1e9), max_size=60)


def test_is_unknown_where_no_prompt_was_repeated() -> None:
    assert jitter_seconds([]) is None
    assert jitter_seconds([1.7]) is None
    assert jitter_seconds([1.7, 2.9, 0.3], [1, 2, 3]) is None


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
    assert moments.standard_deviation_seconds == (jitter_seconds(stay) or 0.0)


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
    mixed, within = jitter_seconds(latencies), jitter_seconds(latencies, prompts)
    assert mixed is not None
    assert within is not None
    assert mixed > 0.5
    assert within == pytest.approx(0.0003, rel=0.01)
    assert jitter_light(within) == "green"


@given(st.lists(st.floats(0, 3600), max_size=30))
def test_of_one_prompt_it_is_what_it_is_to_the_last_digit(values: list[float]) -> None:
    assert jitter_seconds(values, [7] * len(values)) == jitter_seconds(values)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 3600)), min_size=1, max_size=30))
def test_it_is_the_root_of_the_pooled_variance(values: list[tuple[int, float]]) -> None:
    groups: dict[int, list[float]] = {}
    for prompt, latency in values:
        groups.setdefault(prompt, []).append(latency)
    repeated = [group for group in groups.values() if len(group) > 1]
    found = jitter_seconds([latency for _, latency in values], [prompt for prompt, _ in values])
    if not repeated:
        assert found is None
        return
    count = sum(map(len, repeated))
    squares = sum((len(group) - 1) * statistics.variance(group) for group in repeated)
    pooled = squares / (count - len(repeated)) * (count - 1) / count
    assert found == pytest.approx(pooled**0.5, rel=1e-9, abs=1e-7)


def test_prompts_that_were_asked_once_change_nothing() -> None:
    assert jitter_seconds([1.0, 3.0, 9.0, 27.0], [1, 1, 2, 3]) == 1.0


def test_few_answers_to_each_of_many_prompts_are_as_uneven_as_many_to_one() -> None:
    """Each mean costs a degree of freedom: with Σ n instead it would be 0.71 of this."""
    chance = random.Random(7)
    latencies = [chance.gauss(5, 1) for _ in range(4000)]
    found = jitter_seconds(latencies, [number // 2 for number in range(4000)])
    assert found == pytest.approx(statistics.pstdev(latencies), rel=0.05)
