"""Agreement and its want, by figures that are known."""

import pytest

from probe.analysis.agreement import agreement, holm, krippendorff, mcnemar


def test_mcnemar_is_exact() -> None:
    for one, other, p in ((5, 0, 0.0625), (6, 0, 0.03125), (10, 3, 0.0923), (4, 4, 1.0), (0, 0, 1.0)):
        assert mcnemar(one, other) == pytest.approx(p, abs=0.0001)
        assert mcnemar(other, one) == mcnemar(one, other)


def test_holm_allows_for_every_comparison() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_same_agreement_is_another_kappa() -> None:
    even, rare, rarest = agreement(45, 5, 5, 45), agreement(85, 5, 5, 5), agreement(90, 5, 5, 0)
    assert {each.observed for each in (even, rare, rarest)} == {0.9}
    assert even.kappa == pytest.approx(0.8)
    assert rare.kappa == pytest.approx(0.444, abs=0.001)
    assert (rarest.kappa, rarest.rarer) == (None, 5)
    assert [each.ac1 for each in (even, rare, rarest)] == pytest.approx([0.80, 0.878, 0.890], abs=0.001)
    with pytest.raises(ValueError, match="nothing was judged"):
        agreement(0, 0, 0, 0)


def test_krippendorffs_own_example() -> None:
    lines = "11-1 2232 3333 3333 2222 1234 4444 1121 2222 -555 --11 -3--"
    votes = [[None if vote == "-" else vote for vote in line] for line in lines.split()]
    assert krippendorff(votes) == pytest.approx(0.743, abs=0.001)
    assert krippendorff([[1, 1], [1, 1]]) is None
    assert krippendorff([[1, None]]) is None
    assert krippendorff([[1, 0], [0, 1]]) == pytest.approx(-0.5)
