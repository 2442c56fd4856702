"""Whether two that judge the same agree, and whether two that were judged differ."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

# Below this many of the rarer class chance agreement is known too badly for a kappa.
_LEAST_OF_RARER = 10


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact p of two that were asked the same: how often each alone was right.

    >>> round(mcnemar(6, 0), 3), round(mcnemar(10, 3), 3)
    (0.031, 0.092)
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    return min(1.0, float(sum(math.comb(n, i) for i in range(fewer + 1)) / 2 ** (n - 1)))


def holm(ps: Sequence[float]) -> list[float]:
    """The same p values with as many comparisons allowed for, in their order."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda each: ps[each])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = highest
    return adjusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of two that say yes or no. `kappa` is None where fewer than ten are of the rarer class: at a high pass
    rate it collapses, as `ac1` (Gwet) does not. `rarer` counts what the second, the reference, says.
    """

    n: int
    observed: float
    kappa: float | None
    ac1: float
    rarer: int


def agreement(both: int, only_first: int, only_second: int, neither: int) -> Agreement:
    """Out of how often both say yes, one alone does, and neither. Raises ValueError for none at all."""
    n = both + only_first + only_second + neither
    if n == 0:
        raise ValueError("nothing was judged by both")
    observed = (both + neither) / n
    first, second = (both + only_first) / n, (both + only_second) / n
    chance = first * second + (1 - first) * (1 - second)
    middle = (first + second) / 2
    gwet = 2 * middle * (1 - middle)
    rarer = min(both + only_second, n - both - only_second)
    kappa = (observed - chance) / (1 - chance) if rarer >= _LEAST_OF_RARER else None
    return Agreement(n=n, observed=observed, kappa=kappa, ac1=(observed - gwet) / (1 - gwet), rarer=rarer)


def krippendorff(votes: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Alpha of several judges, nominal: for each thing judged their votes, None for one that is missing.

    None if nothing was judged twice, or all votes are the same: then there is nothing to agree on.
    """
    units = [Counter(vote for vote in unit if vote is not None) for unit in votes]
    units = [unit for unit in units if unit.total() > 1]
    totals: Counter[Hashable] = Counter()
    for unit in units:
        totals.update(unit)
    n = totals.total()
    apart = n * n - sum(count * count for count in totals.values())
    if apart == 0:
        return None
    differing = sum(
        (unit.total() ** 2 - sum(count * count for count in unit.values())) / (unit.total() - 1)
        for unit in units
    )
    return 1 - (n - 1) * differing / apart
