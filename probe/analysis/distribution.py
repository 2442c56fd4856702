"""Many values described by a few."""

from __future__ import annotations

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


def describe(values: Sequence[float]) -> Distribution | None:
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
