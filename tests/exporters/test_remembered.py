"""What was taken in lately is known, and no more than that is kept."""

from __future__ import annotations

from uuid import UUID

from exporters.remembered import Remembered


def test_the_latest_are_remembered() -> None:
    remembered = Remembered(3)
    remembered.add(map(UUID, (f"{n:032}" for n in range(5))))
    assert [each.int for each in remembered] == [2, 3, 4]
    assert UUID(int=4) in remembered
    assert UUID(int=1) not in remembered


def test_what_is_discarded_is_forgotten_and_may_come_back() -> None:
    remembered = Remembered(3)
    remembered.add([UUID(int=1), UUID(int=2)])
    remembered.discard([UUID(int=1), UUID(int=9)])
    assert list(remembered) == [UUID(int=2)]
    remembered.add([UUID(int=1)])
    assert len(remembered) == 2


def test_it_can_be_changed_while_it_is_read() -> None:
    remembered = Remembered(3)
    remembered.add([UUID(int=1), UUID(int=2)])
    for each in remembered:
        remembered.discard([each])
    assert not remembered
