"""Intervals cover what they promise, by exact enumeration where there are few outcomes."""

import math
import random

import pytest

from probe.analysis.proportion import (
    Cluster,
    Interval,
    clustered_error,
    clustered_wilson,
    corrected,
    mid_p,
    student_quantile,
    wilson,
)

_SHARES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97)


def coverage(intervals: list[Interval], share: float) -> float:
    """How often an interval holds the true share, over all outcomes of n independent answers."""
    n = len(intervals) - 1
    return sum(
        math.comb(n, right) * share**right * (1 - share) ** (n - right)
        for right, interval in enumerate(intervals)
        if interval.low <= share <= interval.high
    )


@pytest.mark.parametrize("n", [10, 11, 12, 14, 16, 18, 20, 25, 30, 40, 60, 100, 200, 400])
def test_an_interval_covers_what_it_promises(n: int) -> None:
    # Of a hundred or more, with a share of a half, fewer than a third are all but impossible: they count as
    # missed.
    few = n // 3 if n >= 100 else 0
    intervals = [Interval(0, 0) if right < few else mid_p(right, n) for right in range(n + 1)]
    worst = min((coverage(intervals, share), share) for share in _SHARES)
    assert worst >= (0.92, 0), worst


def test_what_is_usual_covers_less() -> None:
    """Why it is neither of them."""
    wilsons = [wilson(right, 14) for right in range(15)]
    assert coverage(wilsons, 0.96) == pytest.approx(0.894, abs=0.001)
    shares = [right / 10 for right in range(11)]
    halves = [1.96 * math.sqrt(share * (1 - share) / 10) for share in shares]
    walds = [Interval(share - half, share + half) for share, half in zip(shares, halves, strict=True)]
    assert coverage(walds, 0.97) == pytest.approx(0.26, abs=0.01)


def test_known_intervals() -> None:
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=0.0001)
    assert wilson(48, 50) == pytest.approx((0.8654, 0.9890), abs=0.0001)
    assert mid_p(10, 10) == pytest.approx((0.05 ** (1 / 10), 1), abs=0.0001)
    assert mid_p(0, 10).low == 0
    for wrong in ((11, 10), (-1, 10), (0, 0)):
        with pytest.raises(ValueError, match="no share"):
            mid_p(*wrong)


def test_students_t() -> None:
    for freedom, t in ((1, 12.706), (2, 4.303), (9, 2.262), (30, 2.042), (1000, 1.962)):
        assert student_quantile(freedom) == pytest.approx(t, abs=0.001)


def test_runs_of_one_case_are_no_independent_answers() -> None:
    """Ten cases that are always right or always wrong are ten answers, however often they are asked."""
    low, high = clustered_wilson([Cluster(right=0 if case < 3 else 96, n=96) for case in range(10)])
    assert low < 0.42
    assert high > 0.87
    mixed = clustered_wilson([Cluster(right=67 + case % 2, n=96) for case in range(10)])
    assert mixed.high - mixed.low < 0.08
    with pytest.raises(ValueError, match="two of them"):
        clustered_wilson([Cluster(right=1, n=2)])


@pytest.mark.parametrize("share", [0.7, 0.85, 0.9])
@pytest.mark.parametrize("likeness", [1, 2, 5])
def test_an_interval_between_cases_covers(likeness: int, share: float) -> None:
    """`likeness` is small where a case is nearly always right or nearly always wrong."""
    dice = random.Random(7)
    covered = 0
    for _ in range(400):
        clusters = []
        for _ in range(10):
            of_case = dice.betavariate(share * likeness, (1 - share) * likeness)
            clusters.append(Cluster(right=sum(dice.random() < of_case for _ in range(20)), n=20))
        low, high = clustered_wilson(clusters)
        covered += low <= share <= high
    assert covered / 400 >= 0.9


def test_the_error_of_a_mean_of_cases() -> None:
    clusters = [Cluster(right=2, n=2), Cluster(right=1, n=2)]
    assert clustered_error(clusters) == pytest.approx(math.sqrt(2 * (0.25 + 0.25)) / 4)


def test_a_judge_that_errs_is_allowed_for() -> None:
    def of(observed: float) -> tuple[float, bool]:
        found = corrected(observed, 2000, specificity=0.8, negatives=50, sensitivity=0.95, positives=50)
        return round(found.share, 2), found.clipped

    assert (of(0.9), of(0.97), of(0.5)) == ((0.93, False), (1.0, True), (0.4, False))
    with pytest.raises(ValueError, match="no better than chance"):
        corrected(0.9, 10, specificity=0.5, negatives=5, sensitivity=0.5, positives=5)


@pytest.mark.parametrize("labels", [50, 100, 200])
def test_the_interval_of_what_a_judge_says_covers(labels: int) -> None:
    dice = random.Random(3)
    covered, tries, half = 0, 400, labels // 2

    def share_of(probability: float, n: int) -> float:
        return sum(dice.random() < probability for _ in range(n)) / n

    for _ in range(tries):
        found = corrected(
            share_of(0.85 * 0.95 + 0.15 * 0.2, 200),
            200,
            specificity=share_of(0.8, half),
            negatives=half,
            sensitivity=share_of(0.95, half),
            positives=half,
        )
        covered += found.interval.low <= 0.85 <= found.interval.high
    assert covered / tries >= 0.92
