"""The series that recording rules keep, named `level:metric:operations`.

`target:` has the labels of a target without `connection`, `series:` all of `SERIES_LABELS`. Numerators and
denominators are apart, so that they can be added up over targets before they are divided. Who was scraped
(instance, pod) is not in them, so that a rollout does not cut off the past.
"""

from functools import partial
from typing import Final

from probe.metrics import names
from probe.rules.promql import Read, Recorded, selector, without

# What the counter of attempts tells apart beside its series.
OUTCOME: Final = ("outcome", "failure", "fault")
_PAST_DAYS: Final = range(1, 8)
_LEAST_DAYS: Final = 3
_DAYS: Final = "days"


def _base(name: str) -> str:
    """A counter's name in the name of what was made of it."""
    return name.removesuffix("_total")


# Availability: whose fault a failure was decides whether it counts ------------------------------------------
# The account's and the probe's own failures say nothing of the provider; AuthOrBillingFailure and RateLimited
# tell of the former.


def counted_attempts(window: str) -> Recorded:
    """Attempts that the provider or the network carried out or failed, by target."""
    return Recorded(
        name=f"target:{_base(names.ATTEMPTS_TOTAL)}:increase{window}",
        make=partial(_increase, ('fault!~"account|probe"',), window),
    )


def successes(window: str, matcher: str) -> str:
    """Attempts that succeeded, by series; nothing records them."""
    counted = selector(names.ATTEMPTS_TOTAL, 'outcome="ok"', matcher, window=window)
    return without("sum", OUTCOME, f"increase({counted})")


def failed_attempts(window: str) -> Recorded:
    """Those of them that failed."""
    return Recorded(
        name=f"target:{_base(names.ATTEMPTS_TOTAL)}_failed:increase{window}",
        make=partial(_increase, ('outcome="failed"', 'fault=~"provider|network"'), window),
    )


def _increase(chosen: tuple[str, ...], window: str, _: Read, matcher: str, offset: str) -> str:
    counted = selector(names.ATTEMPTS_TOTAL, *chosen, matcher, window=window, offset=offset)
    return without("sum", ("connection", *OUTCOME), f"increase({counted})")


# Latency: how many of the answers came in time -----------------------------------------------------


def answers(metric: str, window: str) -> Recorded:
    """How many answers a histogram has counted, by series, as a classic or as a native one."""

    def make(_: Read, matcher: str, offset: str) -> str:
        counted = selector(f"{metric}_count", matcher, window=window, offset=offset)
        return _classic_or_native(
            without("sum", (), f"increase({counted})"),
            f"histogram_count({_native(metric, window, matcher, offset)})",
        )

    return Recorded(name=f"series:{metric}_count:increase{window}", make=make)


def answers_in_time(metric: str, seconds: float, window: str) -> Recorded:
    """How many of them took no longer than a bound of the histogram's buckets; the label `le` is gone.

    A native histogram that keeps those bounds knows it exactly; one with exponential buckets estimates it.
    """

    def make(_: Read, matcher: str, offset: str) -> str:
        within = selector(f"{metric}_bucket", _bound(seconds), matcher, window=window, offset=offset)
        grown = _native(metric, window, matcher, offset)
        return _classic_or_native(
            without("sum", ("le",), f"increase({within})"),
            # Of no answers there is no share: nothing to add up.
            f"histogram_fraction(0, {seconds:g}, {grown}) * histogram_count({grown}) >= 0",
        )

    return Recorded(
        name=f"series:{metric}_bucket:le{_in_name(seconds)}_increase{window}",
        make=make,
    )


def _native(metric: str, window: str, matcher: str, offset: str) -> str:
    return f"increase({selector(metric, matcher, window=window, offset=offset)})"


def _classic_or_native(classic: str, native: str) -> str:
    """Prometheus keeps a histogram as either or both: `convert_classic_histograms_to_nhcb` and its kin."""
    return f"{classic}\nor\n{without('sum', (), native)}"


def _bound(seconds: float) -> str:
    """Scraped directly a bound of 2 s is `2.0`, through an OpenTelemetry collector `2`."""
    text = repr(float(seconds))
    return f'le=~"{text[:-2]}([.]0)?"' if text.endswith(".0") else f'le="{text}"'


def _in_name(seconds: float) -> str:
    """2.5 s is 2500ms: a name has no point."""
    return f"{round(seconds * 1000)}ms"


# Trends: the middle of some hours, against the same hours of the days before -----------------------


def recent_median(metric: str, window: str) -> Recorded:
    """The median of a gauge that shows the latest attempt. One spike does not move it."""
    return Recorded(
        name=f"series:{metric}:median{window}",
        make=lambda _, matcher, offset: without(
            "max", (), f"quantile_over_time(0.5, {selector(metric, matcher, window=window, offset=offset)})"
        ),
    )


def daily_spread(metric: str) -> Recorded:
    """How far apart the answers of a day are: the distance between their quartiles / 1.349.

    That is the standard deviation of a normal distribution. Spikes and one bad hour do not move it
    (https://en.wikipedia.org/wiki/Interquartile_range).
    """

    def make(_: Read, matcher: str, offset: str) -> str:
        day = selector(metric, matcher, window="1d", offset=offset)
        return without(
            "max", (), f"(quantile_over_time(0.75, {day}) - quantile_over_time(0.25, {day})) / 1.349"
        )

    return Recorded(name=f"series:{metric}:spread1d", make=make)


def usual(series: Recorded) -> Recorded:
    """The median of that at the same time of the last 7 days, of which at least 3 are known."""

    def make(read: Read, matcher: str, _: str) -> str:
        past = _past(series, read, matcher)
        return (
            f"quantile without ({_DAYS}) (0.5,\n{past}\n)\n"
            f"and count without ({_DAYS}) (\n{past}\n) >= {_LEAST_DAYS}"
        )

    return Recorded(name=f"{series.name}_usual7d", make=make)


def deviation(series: Recorded) -> Recorded:
    """How far these days usually are from their median: 1.4826 times the median absolute deviation.

    That is the standard deviation of a normal distribution, and one bad day does not move it
    (https://en.wikipedia.org/wiki/Median_absolute_deviation).
    """

    def make(read: Read, matcher: str, _: str) -> str:
        past = _past(series, read, matcher)
        middle = read(usual(series), matcher)
        return (
            f"1.4826 * quantile without ({_DAYS}) (0.5,\n"
            f"abs(\n(\n{past}\n)\n- ignoring ({_DAYS}) group_left () {middle}\n)\n)"
        )

    return Recorded(name=f"{series.name}_deviation7d", make=make)


def _past(series: Recorded, read: Read, matcher: str) -> str:
    """A series at this time of each of the days before, distinguished by a label."""
    return "\nor\n".join(
        f'label_replace({read(series, matcher, f"{day}d")}, "{_DAYS}", "{day}", "", "")' for day in _PAST_DAYS
    )


# Schedule ------------------------------------------------------------------------------------------
# These keep who was scraped: they hold for this moment, and two daemons may ask one target differently.


def _interval(jobs: str) -> str:
    return (
        f"min without (job_name, suite) (\n"
        f"{names.JOB_INFO}\n* on (job, instance, job_name) group_left ()\n{jobs}\n)"
    )


def _latest_success(matcher: str, offset: str) -> str:
    latest = selector(names.LAST_SUCCESS_TIMESTAMP_SECONDS, matcher, offset=offset)
    return f"max without (connection) ({latest})"


JOB_INTERVAL: Final = Recorded(
    name=f"target:{names.JOB_INTERVAL_SECONDS}:min", make=lambda *_: _interval(names.JOB_INTERVAL_SECONDS)
)
# A job for office hours is not at work when its next run is further away than its interval.
WORKING_JOB_INTERVAL: Final = Recorded(
    name=f"target:{names.JOB_INTERVAL_SECONDS}:min_working",
    make=lambda *_: _interval(
        f"({names.JOB_INTERVAL_SECONDS} and "
        f"{names.JOB_NEXT_RUN_TIMESTAMP_SECONDS} - time() <= 1.01 * {names.JOB_INTERVAL_SECONDS})"
    ),
)
LAST_SUCCESS: Final = Recorded(
    name=f"target:{names.LAST_SUCCESS_TIMESTAMP_SECONDS}:max",
    make=lambda _, matcher, offset: (
        f"{_latest_success(matcher, offset)} > 0\n"
        f"or\n"
        # Of one that never succeeded: since when it could have.
        f"{_latest_success(matcher, offset)}\n"
        f"+ on (job, instance) group_left ()\n"
        f"{selector(names.CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS, offset=offset)}"
    ),
)
