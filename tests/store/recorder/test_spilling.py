"""What memory does not hold, and what is left at the end, goes to the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from structlog.testing import capture_logs

from probe.store.spill import SpillFile
from tests.lib.clocks import VirtualClock, settle
from tests.store.recorder.recording import LOCKED, Memory, lines, recording, sample, samples


async def test_what_memory_does_not_hold_goes_to_the_file_and_comes_back(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.error = LOCKED
    async with recording(memory, clock, spill, most_held=3) as recorder:
        for each in samples(5):
            recorder.record(each)
        assert (recorder.pending, recorder.spilled, recorder.dropped) == (3, 2, 0)
        assert lines(spill.path) == [sample(4), sample(5)]
        await settle()
        memory.error = None
        await clock.pass_until(60)
        assert memory.stored == samples(5)
    assert not spill.waiting


async def test_what_cannot_be_stored_at_the_end_is_stored_at_the_next_start(spill: SpillFile) -> None:
    memory = Memory()
    memory.error = LOCKED
    async with recording(memory, VirtualClock(), spill) as recorder:
        for each in samples(3):
            recorder.record(each)
    assert (recorder.pending, recorder.spilled) == (0, 3)
    assert lines(spill.path) == samples(3)
    assert spill.path.stat().st_mode & 0o777 == 0o600

    memory.error = None
    async with recording(memory, VirtualClock(), spill) as recorder:
        recorder.record(sample(9))
        await recorder.flush()
        assert sorted(each.id for each in memory.stored) == [UUID(int=number) for number in (1, 2, 3, 9)]
    assert not spill.waiting


async def test_a_store_that_does_not_answer_is_not_waited_for_at_the_end(spill: SpillFile) -> None:
    memory = Memory()
    memory.silent = True
    async with recording(memory, VirtualClock(), spill) as recorder:
        recorder.record(sample(1))
        await settle()
    assert lines(spill.path) == [sample(1)]


async def test_closing_makes_a_last_try_at_once(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.error = LOCKED
    async with recording(memory, clock, spill) as recorder:
        recorder.record(sample(1))
        await settle()
        memory.error = None
    assert memory.stored == [sample(1)]
    assert not spill.waiting


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    spill = SpillFile(tmp_path / "data" / "probe.spill")
    spill.append(samples(2))
    assert len(spill.path.read_text().splitlines()) == 2


async def test_only_what_no_file_takes_is_lost_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spill = SpillFile(tmp_path / "file" / "probe.spill")
    memory = Memory()
    memory.error = LOCKED
    with capture_logs() as logs:
        async with recording(memory, VirtualClock(), spill, most_held=2) as recorder:
            for each in samples(3):
                recorder.record(each)
            assert recorder.dropped == 1
        assert recorder.dropped == 3
    assert [entry["samples"] for entry in logs if entry["log_level"] == "critical"] == [1, 2]


async def test_responses_that_are_not_kept_are_not_spilled(spill: SpillFile) -> None:
    memory = Memory()
    memory.error = LOCKED
    memory.refused = {UUID(int=1)}
    async with recording(memory, VirtualClock(), spill, keep_responses=False) as recorder:
        recorder.record(sample(2))
    assert lines(spill.path) == [replace(sample(2), text=None, reasoning_text=None)]
    memory.error = None
    async with recording(memory, VirtualClock(), spill, keep_responses=False) as recorder:
        recorder.record(sample(1))
        await recorder.flush()
    assert lines(spill.rejected_path) == [replace(sample(1), text=None, reasoning_text=None)]
