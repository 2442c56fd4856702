"""How far back rules look, fitted to how often a target is probed.

The classic burn-rate windows (https://sre.google/workbook/alerting-on-slos/) suppose thousands of requests an
hour. A probe makes four: every window here is the classic one, or as many runs long as it needs to mean
something, whichever is longer.
"""

from dataclasses import dataclass
from typing import Final

from probe.facts.event import Severity

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_UNITS: Final = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (1, "s"))

# Prometheus keeps 15 days unless told otherwise; no burn looks back further than half of that.
_LONGEST: Final = 7 * _DAY
KEPT_SECONDS: Final = 15 * _DAY


def promql_duration(seconds: float) -> str:
    """As Prometheus writes it, in the largest unit that fits: 5400 s is 90m."""
    whole = round(seconds)
    size, unit = next(each for each in _UNITS if whole % each[0] == 0)
    return f"{whole // size}{unit}"


def times(duration: str, factor: int) -> str:
    """So many times a duration, as `promql_duration` writes it.

    >>> times("90m", 2)
    '3h'
    """
    sizes = {unit: size for size, unit in _UNITS}
    return promql_duration(int(duration[:-1]) * sizes[duration[-1]] * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """Two windows that must both burn: the long one says that it matters, the short one that it goes on.

    `factor` is how many times faster than allowed the error budget is used. Fewer than `long_bad` and
    `short_bad` bad attempts, or fewer than `least` attempts in the long window, say nothing.
    """

    severity: Severity
    factor: float
    long: str
    short: str
    long_bad: int
    short_bad: int
    least: int

    def bound(self, objective: float) -> float:
        """The share of bad attempts from which on it burns; never so high that nothing could reach it."""
        return round(min(self.factor * (1 - objective), 0.8), 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """All windows for one interval between runs, as durations of PromQL.

    `several` holds about eight runs: enough to tell a habit from an accident. `down` holds the `down_runs`
    failures in a row that make a target be down. `trend` is compared with the same hours of the week before.
    """

    burns: tuple[Burn, ...]
    several: str
    down: str
    down_runs: int
    trend: str
    trend_runs: int


def windows_for(interval_seconds: float) -> Windows:
    """The windows for targets that are probed once in so many seconds."""

    def runs(count: int, at_least: int, longest: int = _LONGEST) -> int:
        whole_minutes = -(-count * interval_seconds // _MINUTE) * _MINUTE
        return int(min(max(whole_minutes, at_least), longest))

    # severity, factor, long runs, classic long, short runs, classic short, least bad in each
    plan: tuple[tuple[Severity, float, int, int, int, int, int, int], ...] = (
        ("critical", 14.4, 16, _HOUR, 4, 5 * _MINUTE, 4, 2),
        ("critical", 6, 48, 6 * _HOUR, 8, 30 * _MINUTE, 5, 2),
        ("warning", 3, 96, _DAY, 8, 2 * _HOUR, 5, 2),
        ("warning", 1, 288, 3 * _DAY, 24, 6 * _HOUR, 8, 2),
    )
    burns = {}
    for severity, factor, long_runs, long, short_runs, short, long_bad, short_bad in plan:
        pair = runs(long_runs, long), runs(short_runs, short)
        if pair[1] < pair[0]:
            burns[pair] = Burn(
                severity=severity,
                factor=factor,
                long=promql_duration(pair[0]),
                short=promql_duration(pair[1]),
                long_bad=long_bad,
                short_bad=short_bad,
                least=long_runs // 2 if long_runs <= 16 else 16,
            )
    down = runs(16, _HOUR, KEPT_SECONDS)
    trend = runs(24, 2 * _HOUR, _DAY)
    return Windows(
        burns=tuple(burns.values()),
        several=promql_duration(runs(8, _HOUR)),
        down=promql_duration(down),
        down_runs=max(1, min(3, int(down // interval_seconds))),
        trend=promql_duration(trend),
        trend_runs=max(3, min(24, int(trend // interval_seconds)) // 2),
    )
