"""Who is notified of a stored sample: after it is committed, and never at its cost."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from probe.facts.sample import Sample
from probe.lib.shared_lock import SharedLock
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from tests.lib.clocks import VirtualClock
from tests.store.recorder.recording import LOCKED, Memory, sample


async def test_each_listener_is_called_once_a_sample_is_stored(spill: SpillFile) -> None:
    memory, seen = Memory(), list[tuple[str, bool]]()

    async def first(each: Sample) -> None:
        seen.append(("first", each in memory.stored))
        raise LookupError("a defect")

    async def second(each: Sample) -> None:
        seen.append(("second", each in memory.stored))

    recorder = Recorder(memory, VirtualClock(), spill, listeners=(first, second))
    with capture_logs() as logs:
        await recorder.add(sample(1))
    assert seen == [("first", True), ("second", True)]
    assert [log["event"] for log in logs] == ["a stored result was not looked at"]


async def test_nobody_is_notified_of_what_is_not_stored(spill: SpillFile) -> None:
    memory, seen = Memory(), list[Sample]()
    memory.error = LOCKED

    async def listener(each: Sample) -> None:
        seen.append(each)

    recorder = Recorder(memory, VirtualClock(), spill, listeners=(listener,))
    with pytest.raises(type(LOCKED)):
        await recorder.add(sample(1))
    assert seen == []


async def test_alone_there_is_no_sample_between_stored_and_notified_of(spill: SpillFile) -> None:
    memory, storing, seen = Memory(), SharedLock(), list[Sample]()

    async def listener(each: Sample) -> None:
        await asyncio.sleep(0)
        seen.append(each)

    async def look() -> bool:
        async with storing.exclusive():
            return memory.stored == seen

    recorder = Recorder(memory, VirtualClock(), spill, listeners=(listener,), storing=storing)
    adding = [asyncio.create_task(recorder.add(sample(number))) for number in range(1, 21)]
    await asyncio.sleep(0)
    assert await look()
    await asyncio.gather(*adding)
    assert await look()
    assert len(seen) == 20
