"""Hour by hour: the line of a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

from probe.analysis.percentile import percentile

SECONDS_PER_HOUR = 3600


def hourly_medians(
    at_seconds: Sequence[float], values: Sequence[float], hours: int = 24
) -> tuple[float | None, ...]:
    """The median of each hour of a window; `values[i]` was measured `at_seconds[i]` after the window began.

    An hour without values is None: a gap in the line, never a zero. Values outside the window are left out.

    >>> hourly_medians([0.0, 3599.9, 7200.0], [1.0, 3.0, 5.0], hours=3)
    (2.0, None, 5.0)
    """
    buckets: list[list[float]] = [[] for _ in range(hours)]
    for at, value in zip(at_seconds, values, strict=True):
        if 0 <= at < hours * SECONDS_PER_HOUR:
            buckets[int(at // SECONDS_PER_HOUR)].append(value)
    return tuple(percentile(bucket, 50) for bucket in buckets)
