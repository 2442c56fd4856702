"""The last while of one series, kept in memory and summarised on demand."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import takewhile

from probe.analysis.summary import Summary, summarise
from probe.analysis.tally import OWN_FAILURES, Tally, failure_kind, timed
from probe.sample import Sample

# End, success, own failure, time to first token, total latency, speed, input and output tokens, cost; unknown
# is NaN or -1. Packed, as 200 targets asked every minute make 288,000 rows a day.
_ROW = struct.Struct("=d??dddqqq")
_Row = tuple[float, bool, bool, float, float, float, int, int, int]

_COST_DIGITS = 12


class Window:
    """Attempts of one series that ended within `length`. Costs are kept to 10⁻¹² USD."""

    def __init__(self, length: timedelta) -> None:
        self._length_seconds = length.total_seconds()
        self._rows = bytearray()
        self._summary: Summary | None = None
        self._summary_until = -math.inf

    def add(self, sample: Sample) -> None:
        """Samples may come in any order."""
        self._rows += _pack(sample)
        self._summary = None

    def summary(self, now: datetime) -> Summary:
        """Computed again only where an attempt came or went since the last call."""
        at = now.timestamp()
        if self._summary is None or at > self._summary_until:
            since = at - self._length_seconds
            rows = self._live(since)
            self._summary = summarise(_tally(rows))
            self._summary_until = min((row[0] for row in rows), default=math.inf) + self._length_seconds
        return self._summary

    def _live(self, since: float) -> list[_Row]:
        rows: list[_Row] = list(_ROW.iter_unpack(self._rows))
        gone = sum(1 for _ in takewhile(lambda row: row[0] < since, rows))
        del self._rows[: gone * _ROW.size]
        return [row for row in rows if row[0] >= since]


def _pack(sample: Sample) -> bytes:
    timing, usage, cost = sample.timing, sample.usage, sample.cost
    known = timed(sample)
    return _ROW.pack(
        sample.ended_at.timestamp(),
        sample.success,
        failure_kind(sample) in OWN_FAILURES,
        _number(timing.ttft_seconds if known else None),
        _number(timing.total_latency_seconds if known else None),
        _number(timing.tps if known else None),
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        -1 if cost is None else round(cost.total_usd.scaleb(_COST_DIGITS)),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _tally(rows: list[_Row]) -> Tally:
    costed = [row for row in rows if row[8] >= 0]
    successes = [row[0] for row in rows if row[1]]
    return Tally(
        attempts=len(rows),
        successes=len(successes),
        own_failures=sum(row[2] for row in rows),
        last_at=_date(max((row[0] for row in rows), default=None)),
        last_success_at=_date(max(successes, default=None)),
        # NaN is the one number that differs from itself.
        ttft_seconds=[row[3] for row in rows if row[3] == row[3]],
        total_latency_seconds=[row[4] for row in rows if row[4] == row[4]],
        tps=[row[5] for row in rows if row[5] == row[5]],
        input_tokens=sum(row[6] for row in rows),
        output_tokens=sum(row[7] for row in rows),
        cost_usd=Decimal(sum(row[8] for row in costed)).scaleb(-_COST_DIGITS),
        costed=len(costed),
        costed_tokens=sum(row[6] + row[7] for row in costed),
    )


def _date(unix_seconds: float | None) -> datetime | None:
    return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds, UTC)
