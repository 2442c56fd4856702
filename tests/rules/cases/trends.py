"""LatencyRegression, TpsRegression and JitterHigh, after three days of history; a step is a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.rules.cases.series import COLD, MODEL_BOARD, TARGET, WARM, at_span, held, selector
from tests.rules.promtool import Case, Firing

_JOB = {"job": "inference-probe"}
_RUNS_A_DAY = 96
_DAYS = 4
# Four in the afternoon of the fourth day is when everything is looked at.
_AT = "88h"

Hourly = Callable[[float], float]


def _gauge(name: str, at_hour: Hourly, labels: Mapping[str, str] = COLD) -> dict[str, str]:
    values = [at_hour(run / 4) for run in range(_RUNS_A_DAY * _DAYS)]
    return {selector(name, labels): held(values, 1)}


def _counts(name: str, labels: Mapping[str, str] = COLD, runs_an_answer: int = 1) -> dict[str, str]:
    counts = (run // runs_an_answer for run in range(_RUNS_A_DAY * _DAYS))
    return {selector(name, labels): held(counts, 1)}


def _ttft(at_hour: Hourly, labels: Mapping[str, str] = COLD, runs_an_answer: int = 1) -> dict[str, str]:
    return {
        **_gauge("inference_probe_last_ttft_seconds", at_hour, labels),
        **_counts("inference_probe_ttft_seconds_count", labels, runs_an_answer),
    }


def _speed(at_hour: Hourly) -> dict[str, str]:
    return {
        **_gauge("inference_probe_last_tokens_per_second", at_hour),
        **_counts("inference_probe_tokens_per_second_count"),
    }


def _total(at_hour: Hourly) -> dict[str, str]:
    return {
        **_gauge("inference_probe_last_total_latency_seconds", at_hour),
        **_counts("inference_probe_total_latency_seconds_count"),
    }


def _regression(figure: str, noun: str, times: str, connection: str = "cold") -> Firing:
    return Firing(
        labels={
            **TARGET,
            **_JOB,
            "connection": connection,
            "severity": "warning",
            "figure": figure,
            "window": "6h",
            "runs": "12",
        },
        summary=f"groq/llama: {noun} is {times} times what it was at these hours of the last week",
        description=(
            f"The median {noun} of llama-3.1-8b-instant at groq over 6h, from frankfurt ({connection} "
            f"connections), is {times} times the median of the same hours of the last 7 days, and beyond "
            "what these days differ among themselves. It has been so for 6h."
        ),
        dashboard=at_span(MODEL_BOARD, "7d"),
    )


def _constant(value: float) -> Hourly:
    return lambda _: value


def _step(before: float, after: float, hour: float = 73) -> Hourly:
    return lambda at: before if at < hour else after


def _daily(low: float, high: float) -> Hourly:
    """High in office hours."""
    return lambda at: high if 8 <= at % 24 < 17 else low


def _spikes(usual: float, spike: float) -> Hourly:
    """An hour of every seven."""
    return lambda at: spike if at % 7 < 1 else usual


def _unsteady(at: float) -> float:
    """Days differ among themselves by more than the last one differs from them."""
    return (0.5, 0.7, 0.9, 0.92)[int(at // 24)]


def _jitter(at_hour: Hourly, latency: Hourly) -> dict[str, str]:
    return {
        **_gauge("inference_probe_jitter_seconds", at_hour),
        **_gauge("inference_probe_window_attempts", _constant(96)),
        **_gauge("inference_probe_last_total_latency_seconds", latency),
    }


def _alternating(one: float, other: float, hour: float = 0) -> Hourly:
    """Every other answer takes longer from that hour on."""
    return lambda at: other if at >= hour and at * 4 % 2 >= 1 else one


def _case(alert: str, what: str, series: Mapping[str, str], firing: Sequence[Firing] = ()) -> Case:
    return Case(alert, what, "trends", series, _AT, firing, step="15m")


CASES = (
    _case(
        "LatencyRegression",
        "first tokens take half as long again",
        _ttft(_step(0.5, 0.75)),
        [_regression("ttft", "time to first token", "1.50")],
    ),
    _case(
        "LatencyRegression",
        "answers take half as long again",
        _total(_step(4, 6)),
        [_regression("total_latency", "total latency", "1.50")],
    ),
    _case(
        "LatencyRegression",
        "warm connections alone",
        {**_ttft(_constant(0.5)), **_ttft(_step(0.3, 0.6), WARM)},
        [_regression("ttft", "time to first token", "2.00", "warm")],
    ),
    _case("LatencyRegression", "every day is slow in office hours", _ttft(_daily(0.5, 1.0))),
    _case("LatencyRegression", "an hour is slow now and then", _ttft(_spikes(0.5, 5))),
    _case("LatencyRegression", "days differ like this", _ttft(_unsteady)),
    _case("LatencyRegression", "eight answers in six hours", _ttft(_step(0.5, 0.75), runs_an_answer=3)),
    _case("LatencyRegression", "a tenth is no effect", _ttft(_step(0.5, 0.55))),
    _case("LatencyRegression", "it became faster", _ttft(_step(0.5, 0.25))),
    _case("LatencyRegression", "it began an hour ago", _ttft(_step(0.5, 1, hour=87))),
    _case("LatencyRegression", "the median rose three hours ago", _ttft(_step(0.5, 1, hour=82))),
    _case(
        "TpsRegression",
        "a third of the speed is lost",
        _speed(_step(90, 60)),
        [_regression("tokens_per_second", "tokens per second", "0.67")],
    ),
    _case("TpsRegression", "every night is slow", _speed(_daily(40, 90))),
    _case("TpsRegression", "it became faster", _speed(_step(60, 90))),
    _case(
        "JitterHigh",
        "every other answer takes two seconds longer",
        _jitter(_step(0.2, 0.8), _alternating(1, 3, hour=64)),
        [
            Firing(
                labels={
                    **TARGET,
                    **_JOB,
                    "connection": "cold",
                    "severity": "warning",
                    "threshold": "0.5s",
                    "window": "6h",
                },
                summary="groq/llama: total latency varies by 800ms",
                description=(
                    "The total latency of llama-3.1-8b-instant at groq, from frankfurt (cold connections), "
                    "had a standard deviation of 800ms over the last 24 h; up to 0.5 s is good. It is no "
                    "single spike, and at least 2 times what the days of the last week had."
                ),
                dashboard=at_span(MODEL_BOARD, "7d"),
            )
        ],
    ),
    _case("JitterHigh", "a single spike", _jitter(_step(0.2, 0.8), _step(2, 60, hour=87.5))),
    _case("JitterHigh", "it is so every day", _jitter(_constant(0.8), _alternating(1, 3))),
)
