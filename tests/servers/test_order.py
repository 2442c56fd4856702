"""The list of the slowest modules names modules."""

from __future__ import annotations

from tests.servers.order import SLOWEST, TESTS


def test_they_are_there() -> None:
    assert [name for name in SLOWEST if not (TESTS / name).exists()] == []
    assert len(set(SLOWEST)) == len(SLOWEST)
