"""Many at a time, or one alone."""

from __future__ import annotations

import asyncio

import pytest

from probe.lib.shared_lock import SharedLock
from tests.lib.clocks import settle


class Passage:
    """Goes in when there is room and stays until told; notes its coming and going."""

    def __init__(self, lock: SharedLock, seen: list[str], *, alone: bool = False) -> None:
        self.leave = asyncio.Event()
        self._name = "alone" if alone else "one"
        self._seen = seen
        self._way = lock.exclusive() if alone else lock.shared()
        self.task = asyncio.ensure_future(self._go())

    async def _go(self) -> None:
        async with self._way:
            self._seen.append(f"{self._name} in")
            await self.leave.wait()
            self._seen.append(f"{self._name} out")


async def test_who_wants_to_be_alone_waits_and_keeps_others_out() -> None:
    lock, seen = SharedLock(), list[str]()
    first, second = Passage(lock, seen), Passage(lock, seen)
    await settle()
    lonely, third = Passage(lock, seen, alone=True), Passage(lock, seen)
    await settle()
    assert seen == ["one in", "one in"]
    first.leave.set()
    await settle()
    assert seen == ["one in", "one in", "one out"]
    second.leave.set()
    await settle()
    assert seen[3:] == ["one out", "alone in"]
    lonely.leave.set()
    await settle()
    assert seen[5:] == ["alone out", "one in"]
    third.leave.set()
    await third.task


async def test_who_gives_up_waiting_lets_others_in() -> None:
    lock, seen = SharedLock(), list[str]()
    first = Passage(lock, seen)
    lonely = Passage(lock, seen, alone=True)
    second = Passage(lock, seen)
    await settle()
    lonely.task.cancel()
    await settle()
    assert seen == ["one in", "one in"]
    first.leave.set()
    second.leave.set()
    await asyncio.gather(first.task, second.task)


async def test_an_error_inside_leaves_it_open() -> None:
    lock = SharedLock()
    for way in (lock.shared, lock.exclusive, lock.shared):
        with pytest.raises(ValueError, match="inside"):
            async with way():
                raise ValueError("inside")
