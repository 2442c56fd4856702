"""Which parts of a batch are sent: pure."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from probe.lib.bisection import Bisection


def outcome(count: int, bad: set[int]) -> tuple[list[int], list[int], list[Sequence[int]]]:
    """What was accepted, what was refused alone, and every part that was sent."""
    taken: list[int] = []
    refused: list[int] = []
    sent: list[Sequence[int]] = []
    bisection = Bisection(range(count))
    while part := bisection.next():
        sent.append(part)
        if not bad & set(part):
            taken += part
        elif not bisection.split(part):
            refused += part
    return taken, refused, sent


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
@pytest.mark.parametrize("bad", [set(), {0}, {6}, {3, 5}, set(range(64))])
def test_only_what_is_bad_is_left_out_and_the_order_is_kept(count: int, bad: set[int]) -> None:
    taken, refused, _ = outcome(count, bad)
    assert taken == [each for each in range(count) if each not in bad]
    assert refused == [each for each in range(count) if each in bad]


def test_what_is_accepted_is_sent_whole() -> None:
    assert outcome(1000, set())[2] == [range(1000)]


def test_one_bad_item_is_found_in_few_steps() -> None:
    assert len(outcome(1024, {700})[2]) == 21
