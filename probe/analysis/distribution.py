"""Many values described by a few: where they lie, and how far they lie from their mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from probe.analysis.percentile import percentile_of_sorted, samples_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """At least one value, described. A percentile over too few values is a guess: ask `reliable`."""

    n: int
    mean: float
    minimum: float
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float

    def reliable(self, q: float) -> bool:
        """Whether `n` is enough for the `q`-th percentile (0 < q < 100)."""
        return self.n >= samples_needed(q)


def distribution_of(values: Sequence[float]) -> Distribution | None:
    """None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return Distribution(
        n=len(ordered),
        mean=math.fsum(ordered) / len(ordered),
        minimum=ordered[0],
        p50=percentile_of_sorted(ordered, 50),
        p90=percentile_of_sorted(ordered, 90),
        p95=percentile_of_sorted(ordered, 95),
        p99=percentile_of_sorted(ordered, 99),
        maximum=ordered[-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of the population, as jitter is. `variance` is in the square of the values' unit.

    `variation` is the standard deviation as a share of the mean; None if the mean is 0.
    """

    variance: float
    standard_deviation: float
    variation: float | None


def spread(values: Sequence[float]) -> Spread | None:
    """None for no values; no spread at all for a single one.

    >>> spread([2.0, 4.0, 6.0]).variance
    2.6666666666666665
    """
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
    deviation = math.sqrt(variance)
    return Spread(
        variance=variance, standard_deviation=deviation, variation=deviation / abs(mean) if mean else None
    )
