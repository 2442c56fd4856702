"""Percentiles, how many samples one needs before it means anything, and medians hour by hour."""

import math
from collections.abc import Sequence
from functools import lru_cache

SECONDS_PER_HOUR = 3600


def percentile(values: Sequence[float], q: float) -> float | None:
    """The `q`-th percentile (0..100) of values in any order; None for no values.

    Linear interpolation between the two nearest ranks: Hyndman and Fan's type 7, which is also what NumPy and
    PostgreSQL's PERCENTILE_CONT compute.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50)
    2.5
    """
    return percentile_of_sorted(sorted(values), q) if values else None


def percentile_of_sorted(ordered: Sequence[float], q: float) -> float:
    """`percentile` of one or more values that are already in ascending order."""
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    rank = (len(ordered) - 1) * q / 100
    below = math.floor(rank)
    low, high = ordered[below], ordered[math.ceil(rank)]
    # This form never leaves [low, high], which low + (high - low) * share does by a rounding error.
    share = rank - below
    return low if low == high else low * (1 - share) + high * share


@lru_cache(maxsize=32)
def samples_needed(q: float) -> int:
    """How many samples the `q`-th percentile (0 < q < 100) needs to be more than a guess, confidence 0.99.

    The smallest n for which at least two samples lie beyond the true percentile with probability 0.99: the
    second order of Wilks (1941), and the rule by which MLPerf Inference stops early. 11 for p50, 64 for p90,
    130 for p95, 662 for p99.
    """
    if not 0 < q < 100:
        raise ValueError(f"a sample size needs a percentile between 0 and 100, not {q}")
    within, beyond = q / 100, 1 - q / 100
    n = 2
    while within**n + n * beyond * within ** (n - 1) > 0.01:
        n += 1
    return n


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
