"""Intervals of a share: of how many in all are right, when some were. 95 % unless said.

The mean ± 1.96 standard errors covers .26 of what it promises at n = 10, p = .97: never used here.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

_CONFIDENCE = 0.95
_HALVINGS = 32
_TINY = 1e-300
_MOST_FRACTIONS = 500
_LEAST_RARE = 5


class Interval(NamedTuple):
    low: float
    high: float


def wilson(right: float, n: float, *, quantile: float | None = None) -> Interval:
    """Of `right` out of `n`, which need not be whole: an effective number of independent answers will do.

    >>> [round(bound, 2) for bound in wilson(9, 10)]
    [0.6, 0.98]
    """
    if not 0 <= right <= n or n <= 0:
        raise ValueError(f"no share: {right} of {n}")
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2) if quantile is None else quantile
    share, spread = right / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def mid_p(right: int, n: int) -> Interval:
    """Of `right` out of `n` independent answers: where half of the chance of just as many counts as more.

    Covers .92 and more from n = 10 on; Wilson falls to .894 at n = 14, p = .96, Jeffreys to .895 at 25, .9.

    >>> [round(bound, 2) for bound in mid_p(9, 10)]
    [0.6, 0.99]
    """
    if not 0 <= right <= n or n <= 0:
        raise ValueError(f"no share: {right} of {n}")

    def more(share: float) -> float:
        above = beta_share(right + 1, n - right, share) if right < n else 0.0
        as_many = beta_share(right, n - right + 1, share) if right else 1.0
        return (above + as_many) / 2

    tail = (1 - _CONFIDENCE) / 2
    return Interval(
        0.0 if right == 0 else _inverse(more, tail), 1.0 if right == n else _inverse(more, 1 - tail)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What was asked again and again counts once: a case with its runs."""

    right: float
    n: int


def clustered_wilson(clusters: Sequence[Cluster]) -> Interval:
    """What answers to questions like these would be worth: Wilson with as many answers as are independent.

    Korn and Graubard: n p(1-p)/v of them, v the variance between clusters, at most all, and Student's t for
    C - 1. Where fewer than five clusters have any of the rarer outcome v tells little: then there are no more
    than there are clusters.
    """
    total = sum(each.n for each in clusters)
    if len(clusters) < 2 or total == 0:
        raise ValueError("an interval between clusters needs two of them")
    share = sum(each.right for each in clusters) / total
    rare = sum((each.right < each.n) if share > 0.5 else (each.right > 0) for each in clusters)
    variance = _between(clusters, share, total)
    effective = total if variance == 0 else min(total, share * (1 - share) / variance)
    if rare < _LEAST_RARE:
        effective = min(effective, len(clusters))
    return wilson(share * effective, effective, quantile=student_quantile(len(clusters) - 1))


def clustered_error(clusters: Sequence[Cluster]) -> float:
    """The standard error of the mean score; `right` is the sum of a cluster's scores."""
    total = sum(each.n for each in clusters)
    return math.sqrt(_between(clusters, sum(each.right for each in clusters) / total, total))


def _between(clusters: Sequence[Cluster], mean: float, total: int) -> float:
    count = len(clusters)
    squares = sum((each.right - mean * each.n) ** 2 for each in clusters)
    return count / (count - 1) * squares / total**2


class Corrected(NamedTuple):
    """`clipped`: the judge's figures and the observed share do not fit each other within 0 to 1."""

    share: float
    interval: Interval
    clipped: bool


def corrected(
    observed: float, n: int, *, specificity: float, negatives: int, sensitivity: float, positives: int
) -> Corrected:
    """What share is right, when an imperfect judge says `observed` of `n` (arXiv 2511.21140).

    Its specificity was found on `negatives` labels of people, its sensitivity on `positives`. Raises
    ValueError for a judge that tells nothing.
    """
    power = specificity + sensitivity - 1
    if power <= 0:
        raise ValueError("a judge no better than chance corrects nothing")
    raw = (observed + specificity - 1) / power
    share = min(1.0, max(0.0, raw))
    variance = (
        _binomial_variance(observed, n)
        + (1 - share) ** 2 * _binomial_variance(specificity, negatives)
        + share**2 * _binomial_variance(sensitivity, positives)
    ) / power**2
    half = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2) * math.sqrt(variance)
    return Corrected(share, Interval(max(0.0, raw - half), min(1.0, raw + half)), raw != share)


def _binomial_variance(share: float, n: int) -> float:
    """With one answer of each kind added: a judge that never erred on 20 labels errs all the same."""
    smoothed = (share * n + 1) / (n + 2)
    return smoothed * (1 - smoothed) / n


# Distributions ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def student_quantile(freedom: int) -> float:
    """Student's t within which 95 % lie."""

    def inside(t: float) -> float:
        return 1 - beta_share(freedom / 2, 0.5, freedom / (freedom + t * t))

    high = 1.0
    while inside(high) < _CONFIDENCE:
        high *= 2
    return _inverse(lambda part: inside(part * high), _CONFIDENCE) * high


def _inverse(rising: Callable[[float], float], wanted: float) -> float:
    """Where a function that rises from 0 to 1 has the wanted value."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _MOST_FRACTIONS):
        before = fraction
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _nonzero(1 + step * d)
            c = _nonzero(1 + step / c)
            fraction *= c * d
        if math.isclose(before, fraction, rel_tol=1e-14):
            break
    return front * fraction / a


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
