"""How far values lie from their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of the population, as jitter is. `variance` is in the square of the values' unit.

    `variation` is the standard deviation as a share of the mean; None where the mean is 0.
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
        variance=variance,
        standard_deviation=deviation,
        variation=deviation / abs(mean) if mean else None,
    )
