"""What a stopwatch that could not look may still say: pure."""

from __future__ import annotations

from itertools import pairwise

import pytest

from probe.lib.clock import NS_PER_MS
from probe.wire.stalls import Stall, at_most, bound_ns, doubtful_instants, stalled_ns

MS = NS_PER_MS
STALL = (Stall(100 * MS, 300 * MS),)


def test_a_figure_may_be_off_by_2_ms_or_1_percent() -> None:
    assert bound_ns(0) == bound_ns(200 * MS) == 2 * MS
    assert bound_ns(1_000 * MS) == 10 * MS


@pytest.mark.parametrize(
    ("span", "stalled"), [((0, 90), 0), ((0, 150), 50), ((150, 200), 50), ((250, 900), 50), ((0, 900), 200)]
)
def test_how_much_of_a_span_was_stalled(span: tuple[int, int], stalled: int) -> None:
    assert stalled_ns(STALL, span[0] * MS, span[1] * MS) == stalled * MS


def test_a_merged_piece_is_exact_at_its_end_alone() -> None:
    arrivals = [(90 * MS, 50), (280 * MS, 400), (310 * MS, 50)]
    assert doubtful_instants(arrivals, STALL, stamped=True) == {280 * MS - 1: 100 * MS}


def test_what_came_before_within_the_stall_bounds_what_follows() -> None:
    arrivals = [(150 * MS, 50), (280 * MS, 400)]
    doubts = doubtful_instants(arrivals, STALL, stamped=True)
    assert doubts == {150 * MS - 1: 100 * MS, 280 * MS - 1: 150 * MS}


def test_less_than_the_bound_is_no_doubt() -> None:
    assert doubtful_instants([(101 * MS, 400)], STALL, stamped=True) == {}


def test_without_a_stamp_the_end_of_a_piece_is_in_doubt_too() -> None:
    doubts = doubtful_instants([(90 * MS, 50), (301 * MS, 400)], STALL, stamped=False)
    assert doubts == {301 * MS - 1: 101 * MS, 301 * MS: 101 * MS}


def test_a_full_buffer_puts_all_that_follows_in_doubt() -> None:
    arrivals = [(290 * MS, 40_000), (400 * MS, 50)]
    doubts = doubtful_instants(arrivals, STALL, stamped=True)
    assert doubts[400 * MS] == 200 * MS
    assert doubts[400 * MS - 1] == 200 * MS


def test_too_many_stalls_become_fewer_that_cover_them() -> None:
    stalls = [Stall(n * 10 * MS, n * 10 * MS + (3 + n % 4) * MS) for n in range(1_000)]
    fewer = at_most(128, stalls)
    assert len(fewer) <= 128
    assert all(a.end_ns < b.start_ns for a, b in pairwise(fewer))
    assert all(any(f.start_ns <= s.start_ns and s.end_ns <= f.end_ns for f in fewer) for s in stalls)
    assert at_most(1_000, stalls) == stalls
