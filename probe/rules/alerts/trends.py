"""Targets that became slower, or less steady, than they used to be.

The median of about 24 runs is compared with the same hours of the last seven days. It must differ by an
effect that matters and by more than these days differ among themselves, and go on doing so for as long as the
window is: the windows at the two ends share no run. docs/alerting.md has the rates of false alarms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from probe.metrics import names
from probe.rules import words
from probe.rules.boards import MODEL
from probe.rules.promql import Read, Recorded, select, without
from probe.rules.recording import answers, deviation, median, usual
from probe.rules.rule import Alert
from probe.rules.scope import Policies

EFFECT: Final = 1.25
DEVIATIONS: Final = 3
_LEAST_ATTEMPTS: Final = 20
# How many times its usual jitter a target's jitter must be, where that is beyond the bound every day.
_JITTER_EFFECT: Final = 1.5


class _Figure(NamedTuple):
    """`gauge` shows the latest attempt, `counted` is the histogram of the same figure."""

    alert: str
    figure: str
    gauge: str
    counted: str
    slower_is_more: bool
    noun: str
    word: str


_FIGURES: Final = (
    _Figure(
        "LatencyRegression",
        "ttft",
        names.LAST_TTFT_SECONDS,
        names.TTFT_SECONDS,
        True,
        "time to first token",
        "slower",
    ),
    _Figure(
        "LatencyRegression",
        "total_latency",
        names.LAST_TOTAL_LATENCY_SECONDS,
        names.TOTAL_LATENCY_SECONDS,
        True,
        "total latency",
        "slower",
    ),
    _Figure(
        "TpsRegression",
        "tokens_per_second",
        names.LAST_TOKENS_PER_SECOND,
        names.TOKENS_PER_SECOND,
        False,
        "tokens per second",
        "fewer",
    ),
)


def trend_series(policies: Policies) -> Iterable[Recorded]:
    """What these alerts read, in an order in which it can be recorded."""
    for figure in _FIGURES:
        for _, (window, _runs) in _groups(policies):
            yield median(figure.gauge, window)
            yield usual(figure.gauge, window)
            yield deviation(figure.gauge, window)
            yield answers(figure.counted, window)


def trend_alerts(policies: Policies) -> Iterable[Alert]:
    for figure in _FIGURES:
        for matcher, (window, runs) in _groups(policies):
            yield _regression(figure, matcher, window, runs)
    for matcher, bound in policies.apart(lambda policy: policy.slo.jitter_seconds):
        yield _jitter(matcher, bound)


def _groups(policies: Policies) -> list[tuple[str, tuple[str, int]]]:
    return policies.apart(lambda policy: (policy.windows.trend, policy.windows.trend_runs))


def _regression(figure: _Figure, matcher: str, window: str, runs: int) -> Alert:
    def expression(read: Read) -> str:
        now, past, apart = (read(made(figure.gauge, window), matcher) for made in (median, usual, deviation))
        enough = f"and {read(answers(figure.counted, window), matcher)} > {runs - 0.5:g}"
        if figure.slower_is_more:
            return f"{now} / {past} > {EFFECT:g}\nand {now} > {past} + {DEVIATIONS} * {apart}\n{enough}"
        return f"{now} / {past} < {1 / EFFECT:g}\nand {now} < {past} - {DEVIATIONS} * {apart}\n{enough}"

    return Alert(
        name=figure.alert,
        severity="warning",
        expression=expression,
        labels={"figure": figure.figure, "window": window, "runs": str(runs)},
        summary=(
            f"{words.TARGET}: {figure.noun} is {words.TIMES} times what it was at these "
            "hours of the last week"
        ),
        description=(
            f"The median {figure.noun} of {words.MODEL} at {words.PROVIDER} over {window}, from "
            f"{words.LOCATION} ({words.CONNECTION} connections), is "
            f"{words.TIMES} times the median of the same hours of the last 7 days, and beyond what "
            f"these days differ among themselves. It has been so for {window}."
        ),
        board=(MODEL, ("provider", "model", "target")),
        hold=window,
        keep="1h",
    )


def _jitter(matcher: str, bound: float) -> Alert:
    def expression(_: Read) -> str:
        jitter = without("max", (), select(names.JITTER_SECONDS, matcher))
        latency = select(names.LAST_TOTAL_LATENCY_SECONDS, matcher, window="1d")
        high, low = (without("max", (), f"quantile_over_time({q}, {latency})") for q in (0.9, 0.1))
        known = select(names.JITTER_SECONDS, matcher, window="7d", offset="1d")
        habit = without("max", (), f"quantile_over_time(0.5, {known})")
        count = without("max", (), select(names.WINDOW_ATTEMPTS, matcher))
        return (
            f"{jitter} > {bound:g}\n"
            f"and {count} >= {_LEAST_ATTEMPTS}\n"
            # Of a normal distribution the 10th and the 90th percentile are 2.563 deviations apart: a few
            # spikes make a large deviation, and no wide middle.
            f"and ({high} - {low}) / 2.563 > {bound:g}\n"
            f"unless {jitter} <= {_JITTER_EFFECT:g} * {habit}"
        )

    return Alert(
        name="JitterHigh",
        severity="warning",
        expression=expression,
        labels={"threshold": f"{bound:g}s"},
        summary=f"{words.TARGET}: total latency varies by {words.DURATION}",
        description=(
            f"The total latency of {words.MODEL} at {words.PROVIDER}, from {words.LOCATION} "
            f"({words.CONNECTION} connections), had a standard deviation of {words.DURATION} over "
            f"the last 24 h; up to {bound:g} s is good. It is no single spike, and more than in the week "
            "before."
        ),
        board=(MODEL, ("provider", "model", "target")),
        hold="1h",
        keep="1h",
    )
