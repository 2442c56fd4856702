"""The last while of one series, kept in memory and always summed up.

`summarise` reads a window as a whole, which suits a page. A scrape needs hundreds of windows at once, so
these figures follow every attempt that comes and goes; they are the same ones.
"""

from array import array
from bisect import bisect_left, insort
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from struct import Struct

from probe.analysis.jitter import Moments, nanoseconds, pooled_deviation_seconds, prompt_number
from probe.analysis.percentile import percentile_of_sorted
from probe.analysis.summary import success_ratio
from probe.analysis.tally import OWN_FAILURES, failure_kind, timed
from probe.analysis.value import value_score
from probe.facts.sample import Sample

# When it ended, success, own failure, prompt, total latency, speed, tokens, cost; unknown is -1. Packed, as
# 200 targets probed every minute make 288,000 rows a day.
_ROW = Struct("=d??Lqqqq")
_Row = tuple[float, bool, bool, int, int, int, int, int]

_COST_DIGITS = 12
_SPEED_SCALE = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """As in `Summary`."""

    attempts: int
    success_ratio: float | None
    jitter_seconds: float | None
    value_score: int | None


class RollingWindow:
    """Attempts of one series that ended within `length`. Costs are exact to 10⁻¹² USD."""

    def __init__(self, length: timedelta) -> None:
        self._length_seconds = length.total_seconds()
        self._rows = bytearray()  # by time
        self._attempts = self._successes = self._own_failures = 0
        self._latencies: dict[int, Moments] = {}  # by prompt
        self._speeds = array("q")  # in their order
        self._costed = self._cost = self._costed_tokens = 0
        self._figures: WindowFigures | None = None

    def add(self, sample: Sample) -> None:
        """Samples may come in any order; they are expected in about that of time."""
        row = _row(sample)
        place = len(self._rows)
        while place and _ROW.unpack_from(self._rows, place - _ROW.size)[0] > row[0]:
            place -= _ROW.size
        self._rows[place:place] = _ROW.pack(*row)
        self._count(row, 1)

    def figures(self, now: datetime) -> WindowFigures:
        """Over the attempts that ended in the `length` before `now`; what was left out once stays out."""
        self._expire(now.timestamp() - self._length_seconds)
        if self._figures is None:
            self._figures = self._summed_up()
        return self._figures

    def _summed_up(self) -> WindowFigures:
        tps = percentile_of_sorted(self._speeds, 50) / _SPEED_SCALE if self._speeds else None
        cost = Decimal(self._cost).scaleb(-_COST_DIGITS) if self._costed else None
        return WindowFigures(
            attempts=self._attempts,
            success_ratio=success_ratio(self._attempts - self._own_failures, self._successes),
            jitter_seconds=pooled_deviation_seconds(self._latencies.values()),
            value_score=value_score(tps, cost, self._costed_tokens),
        )

    def _expire(self, since: float) -> None:
        gone = 0
        while gone < len(self._rows):
            row: _Row = _ROW.unpack_from(self._rows, gone)
            if row[0] >= since:
                break
            self._count(row, -1)
            gone += _ROW.size
        del self._rows[:gone]

    def _count(self, row: _Row, sign: int) -> None:
        _, success, own_failure, prompt, latency_ns, speed, tokens, cost = row
        self._figures = None
        self._attempts += sign
        self._successes += sign * success
        self._own_failures += sign * own_failure
        if latency_ns >= 0:
            moments = self._latencies.setdefault(prompt, Moments())
            (moments.add if sign > 0 else moments.remove)(latency_ns)
            if not moments.count:
                del self._latencies[prompt]
        if speed >= 0:
            if sign > 0:
                insort(self._speeds, speed)
            else:
                del self._speeds[bisect_left(self._speeds, speed)]
        if cost >= 0:
            self._costed += sign
            self._cost += sign * cost
            self._costed_tokens += sign * tokens


def _row(sample: Sample) -> _Row:
    timing, usage, cost = sample.timing, sample.usage, sample.cost
    latency = timing.total_latency_seconds if timed(sample) else None
    tps = timing.tps if timed(sample) else None
    return (
        sample.ended_at.timestamp(),
        sample.success,
        failure_kind(sample) in OWN_FAILURES,
        prompt_number(sample.prompt_hash, sample.streaming),
        -1 if latency is None else nanoseconds(latency),
        -1 if tps is None else round(tps * _SPEED_SCALE),
        (usage.input_tokens or 0) + (usage.output_tokens or 0),
        -1 if cost is None else round(cost.total_usd.scaleb(_COST_DIGITS)),
    )
