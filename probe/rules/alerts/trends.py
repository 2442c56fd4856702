"""Targets that became slower, or less steady, than they used to be.

The median of about 24 runs is compared with the same hours of the last seven days. It must differ by an
effect that matters and by more than these days differ among themselves, and go on doing so for as long as the
window is: the windows at the two ends share no run. docs/alerting.md has the rates of false alarms.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from probe.metrics import names
from probe.rules import words
from probe.rules.alert import MODEL_BOARD, Alert
from probe.rules.promql import Read, Recorded, selector, without
from probe.rules.recording import answers, daily_spread, deviation, recent_median, usual
from probe.rules.scope import Policies

EFFECT: Final = 1.25
DEVIATIONS: Final = 3.5
_LEAST_ATTEMPTS: Final = 20
# Many a healthy target varies by more than any bound that fits another: it must be a change, too.
_JITTER_EFFECT: Final = 2


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


_SPREAD: Final = daily_spread(names.LAST_TOTAL_LATENCY_SECONDS)


def trend_series(policies: Policies) -> Iterable[Recorded]:
    """What these alerts read, in an order in which it can be recorded."""
    for figure in _FIGURES:
        for _, (window, _runs) in _groups(policies):
            middle = recent_median(figure.gauge, window)
            yield from (middle, usual(middle), deviation(middle))
            yield answers(figure.counted, window)
    yield from (_SPREAD, usual(_SPREAD))


def trend_alerts(policies: Policies) -> Iterable[Alert]:
    for figure in _FIGURES:
        for matcher, (window, runs) in _groups(policies):
            yield _regression(figure, matcher, window, runs)
    for matcher, (bound, window) in policies.apart(
        lambda policy: (policy.slo.jitter_seconds, policy.windows.trend)
    ):
        yield _jitter(matcher, bound, window)


def _groups(policies: Policies) -> list[tuple[str, tuple[str, int]]]:
    return policies.apart(lambda policy: (policy.windows.trend, policy.windows.trend_runs))


def _regression(figure: _Figure, matcher: str, window: str, runs: int) -> Alert:
    def expression(read: Read) -> str:
        middle = recent_median(figure.gauge, window)
        now, past, apart = (read(series, matcher) for series in (middle, usual(middle), deviation(middle)))
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
        board=(MODEL_BOARD, ("provider", "model", "target")),
        hold=window,
        keep="1h",
        span="7d",
    )


def _jitter(matcher: str, bound: float, window: str) -> Alert:
    def expression(read: Read) -> str:
        jitter = without("max", (), selector(names.JITTER_SECONDS, matcher))
        count = without("max", (), selector(names.WINDOW_ATTEMPTS, matcher))
        # A few spikes make a large standard deviation, and no wide middle.
        middle, past = (read(series, matcher) for series in (_SPREAD, usual(_SPREAD)))
        return (
            f"{jitter} > {bound:g}\n"
            f"and {count} >= {_LEAST_ATTEMPTS}\n"
            f"and {middle} > {bound:g}\n"
            f"and {middle} > {_JITTER_EFFECT:g} * {past}"
        )

    return Alert(
        name="JitterHigh",
        severity="warning",
        expression=expression,
        labels={"threshold": f"{bound:g}s", "window": window},
        summary=f"{words.TARGET}: total latency varies by {words.DURATION}",
        description=(
            f"The total latency of {words.MODEL} at {words.PROVIDER}, from {words.LOCATION} "
            f"({words.CONNECTION} connections), had a standard deviation of {words.DURATION} over "
            f"the last 24 h; up to {bound:g} s is good. It is no single spike, and at least "
            f"{_JITTER_EFFECT:g} times what the days of the last week had."
        ),
        board=(MODEL_BOARD, ("provider", "model", "target")),
        hold=window,
        keep="1h",
        span="7d",
    )
