"""A window that follows what comes and goes shows what a summary of the same attempts shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.summary import summarise
from probe.analysis.tally import tally
from probe.analysis.window import RollingWindow
from probe.facts.sample import Cost, FailureKind, Sample
from tests.exporters.samples import COST, NOW, TIMING, make_failure, make_sample

DAY = timedelta(hours=24)
TICK = timedelta(microseconds=1)


def cost(total: str) -> Cost:
    return replace(COST, total_usd=Decimal(total))


failures = st.sampled_from(list[FailureKind](("auth", "probe", "cancelled", "stream_broken")))
ages = st.timedeltas(min_value=-timedelta(minutes=1), max_value=2 * DAY)
costs = st.none() | st.decimals("0", "0.1", places=9).map(lambda total: replace(COST, total_usd=total))
timings = st.builds(
    lambda latency_ns, tps: replace(TIMING, total_latency_seconds=latency_ns / 1e9, tps=tps),
    st.integers(1, 60 * 10**9),
    st.none() | st.integers(1, 2000).map(float),
)
samples = st.one_of(
    st.builds(
        lambda age, timing, cost, prompt: make_sample(
            at=NOW - age, timing=timing, cost=cost, prompt_hash=prompt
        ),
        ages,
        timings,
        costs,
        st.sampled_from("ab"),
    ),
    st.builds(lambda age, kind: make_failure(kind, at=NOW - age), ages, failures),
    st.builds(lambda age: make_sample(at=NOW - age, connection="warm"), ages),
)


@given(st.lists(samples, max_size=40), st.lists(st.timedeltas(timedelta(0), DAY), max_size=4))
def test_shows_what_a_summary_of_the_same_attempts_shows(
    attempts: list[Sample], later: list[timedelta]
) -> None:
    window = RollingWindow(DAY)
    for attempt in attempts:
        window.add(attempt)
    for passed in [timedelta(0), *sorted(later)]:
        now = NOW + passed
        expected = summarise(tally(s for s in attempts if s.ended_at >= now - DAY))
        figures = window.figures(now)
        assert figures.attempts == expected.attempts
        assert figures.success_ratio == expected.success_ratio
        assert figures.jitter_seconds == expected.jitter_seconds
        assert figures.value_score == expected.value_score


def test_an_attempt_leaves_when_its_time_is_up() -> None:
    window = RollingWindow(DAY)
    window.add(make_sample())
    ended = make_sample().ended_at
    assert window.figures(ended + DAY).attempts == 1
    assert window.figures(ended + DAY + TICK).attempts == 0


def test_nothing_is_left_of_attempts_that_are_gone() -> None:
    window = RollingWindow(DAY)
    for minutes in range(50):
        window.add(make_sample(at=NOW + timedelta(minutes=minutes), cost=cost(f"0.0{minutes:02}")))
    figures = window.figures(NOW + 3 * DAY)
    assert (figures.attempts, figures.success_ratio) == (0, None)
    assert (figures.jitter_seconds, figures.value_score) == (None, None)
