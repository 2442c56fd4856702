"""Many at a time, or one alone."""

from __future__ import annotations

import asyncio

import pytest

from probe.lib.shared_lock import Turnstile
from tests.lib.clocks import settle


class Passage:
    """Goes in when there is room and stays until told; notes its coming and going."""

    def __init__(self, turnstile: Turnstile, seen: list[str], *, alone: bool = False) -> None:
        self.leave = asyncio.Event()
        self._name = "alone" if alone else "one"
        self._seen = seen
        self._way = turnstile.alone() if alone else turnstile.passing()
        self.task = asyncio.ensure_future(self._go())

    async def _go(self) -> None:
        async with self._way:
            self._seen.append(f"{self._name} in")
            await self.leave.wait()
            self._seen.append(f"{self._name} out")


async def test_who_wants_to_be_alone_waits_and_keeps_others_out() -> None:
    turnstile, seen = Turnstile(), list[str]()
    first, second = Passage(turnstile, seen), Passage(turnstile, seen)
    await settle()
    lonely, third = Passage(turnstile, seen, alone=True), Passage(turnstile, seen)
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
    turnstile, seen = Turnstile(), list[str]()
    first = Passage(turnstile, seen)
    lonely = Passage(turnstile, seen, alone=True)
    second = Passage(turnstile, seen)
    await settle()
    lonely.task.cancel()
    await settle()
    assert seen == ["one in", "one in"]
    first.leave.set()
    second.leave.set()
    await asyncio.gather(first.task, second.task)


async def test_an_error_inside_leaves_it_open() -> None:
    turnstile = Turnstile()
    for way in (turnstile.passing, turnstile.alone, turnstile.passing):
        with pytest.raises(ValueError, match="inside"):
            async with way():
                raise ValueError("inside")
