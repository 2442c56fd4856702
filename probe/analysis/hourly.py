"""Hour by hour: the series behind a sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.analysis.percentile import percentile
from probe.analysis.point import Point

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One clock hour from `start`: medians over its successful attempts, None where there were none.

    An hour without attempts is a gap in the line, never a zero.
    """

    start: datetime
    attempts: int
    successes: int
    ttft_seconds: float | None
    total_latency_seconds: float | None
    tps: float | None


def hourly(points: Sequence[Point], now: datetime, hours: int = 24) -> tuple[Hour, ...]:
    """The last `hours` clock hours of UTC, oldest first, the running one included. Older points are ignored."""
    first = now.replace(minute=0, second=0, microsecond=0) - (hours - 1) * HOUR
    buckets: list[list[Point]] = [[] for _ in range(hours)]
    for point in points:
        index = (point.at - first) // HOUR
        if 0 <= index < hours:
            buckets[index].append(point)
    return tuple(_hour(first + index * HOUR, bucket) for index, bucket in enumerate(buckets))


def _hour(start: datetime, points: Sequence[Point]) -> Hour:
    timed = [point for point in points if point.timed]
    return Hour(
        start=start,
        attempts=len(points),
        successes=sum(1 for point in points if point.success),
        ttft_seconds=percentile([p.ttft_seconds for p in timed if p.ttft_seconds is not None], 50),
        total_latency_seconds=percentile(
            [p.total_latency_seconds for p in timed if p.total_latency_seconds is not None], 50
        ),
        tps=percentile([p.tps for p in timed if p.tps is not None], 50),
    )
