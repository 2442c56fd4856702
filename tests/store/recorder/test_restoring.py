"""The spill file is read back, whatever state it is in."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from probe.facts.sample import Sample
from probe.store.held import HeldFile
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile, decode_sample, encode_sample
from tests.lib.clocks import VirtualClock, settle
from tests.store.recorder.recording import LOCKED, Memory, lines, recording, sample, samples


def test_a_line_holds_a_whole_sample() -> None:
    for number in (1, 2):
        line = encode_sample(sample(number))
        assert line.isascii()
        assert "\n" not in line
        assert decode_sample(line) == sample(number)
    with pytest.raises(ValueError, match="Expecting value"):
        decode_sample("not a sample")


async def test_lines_that_cannot_be_read_are_kept_apart(spill: SpillFile) -> None:
    spill.append([sample(1)])
    with spill.path.open("a") as file:
        file.write('{"half": a li\n')
    spill.append([sample(3)])
    memory = Memory()
    async with recording(memory, VirtualClock(), spill) as recorder:
        await recorder.flush()
        assert recorder.rejected == 1
    assert memory.stored == [sample(1), sample(3)]
    assert spill.rejected_path.read_text() == '{"half": a li\n'


async def test_restoring_that_is_interrupted_goes_on_later(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    spill.append(samples(3))

    async def two_of_them(each: Sample) -> None:
        if len(memory.stored) == 2:
            raise LOCKED
        await memory.add(each)

    restored = await spill.restore(two_of_them)
    assert (restored.stored, restored.left) == (2, 1)
    assert not spill.path.exists()

    spill.append([sample(5)])
    async with recording(memory, clock, spill) as recorder:
        await recorder.flush()
    assert memory.stored == [*samples(3), sample(5)]


async def test_what_is_stored_already_is_not_listened_to_again(spill: SpillFile) -> None:
    """The cost of it would count twice."""
    memory, heard = Memory(), list[Sample]()

    async def hear(each: Sample) -> None:
        heard.append(each)

    await memory.add(sample(1))
    spill.append(samples(2))
    recorder = Recorder(memory, VirtualClock(), spill, listeners=(hear,))
    recorder.start()
    await recorder.flush()
    await recorder.aclose()
    assert memory.stored == samples(2)
    assert heard == [sample(2)]


async def test_what_another_program_leaves_is_read_back_while_this_one_goes_on(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    async with recording(memory, clock, spill) as recorder:
        await recorder.flush()
        spill.append([sample(1)])  # it ended while the store was away
        killed = HeldFile(spill, encode_sample)
        killed.keep([sample(2)])
        assert killed._open is not None
        os.close(killed._open.descriptor)
        await clock.pass_until(30)
        await recorder.flush()
        assert sorted(each.id for each in memory.stored) == [UUID(int=1), UUID(int=2)]
    assert [each.name for each in spill.path.parent.iterdir()] == []


def test_a_disk_that_fails_after_the_fact_is_left_for_another(
    tmp_path: Path, spill: SpillFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does: it takes what is written, and says later that there is no room."""
    held = HeldFile(spill, encode_sample, tmp_path / "spare")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    held.keep([sample(1)])
    with pytest.raises(OSError, match="No space"):
        held.sync()
    monkeypatch.undo()
    held.keep([sample(1), sample(2)])
    held.sync()
    (file,) = (tmp_path / "spare").rglob("*.held-*")
    assert lines(file) == samples(2)
    held.close()


async def test_a_crash_while_restoring_loses_nothing(spill: SpillFile) -> None:
    spill.append(samples(2))

    async def crash(_: Sample) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        await spill.restore(crash)
    spill.append([sample(3)])
    memory = Memory()
    async with recording(memory, VirtualClock(), spill) as recorder:
        await recorder.flush()
    assert memory.stored == samples(3)


async def test_a_spill_file_that_cannot_be_read_stops_no_new_samples(spill: SpillFile) -> None:
    memory = Memory()
    spill.path.mkdir()
    async with recording(memory, VirtualClock(), spill) as recorder:
        await recorder.flush()
        for each in samples(2):
            recorder.record(each)
            await recorder.flush()
        assert memory.stored == samples(2)


async def test_a_spill_file_that_can_be_read_again_is_read_without_a_restart(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    spill.path.mkdir()
    async with recording(memory, clock, spill) as recorder:
        await recorder.flush()
        await clock.pass_until(5)
        spill.path.with_name(spill.path.name + ".restoring").rmdir()
        spill.append(samples(2))
        await clock.pass_until(40)
        assert memory.stored == samples(2)
        assert (recorder.dropped, recorder.error) == (0, None)
    assert not spill.waiting


async def test_a_defect_while_reading_back_is_not_tried_again(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    spill.append([sample(1)])
    memory.error = ZeroDivisionError("a defect")
    async with recording(memory, clock, spill) as recorder:
        await recorder.flush()
        memory.error = None
        await clock.pass_until(100)
        assert memory.tries == 1
    assert spill.waiting


class Forbidden(SpillFile):
    """Nobody may look whether there is something to restore, while `forbidden`."""

    forbidden = True

    @property
    def waiting(self) -> bool:
        if self.forbidden:
            raise PermissionError("nobody may look")
        return super().waiting


async def test_an_unexpected_error_ends_neither_the_writing_nor_a_flush(tmp_path: Path) -> None:
    clock, memory, spill = VirtualClock(), Memory(), Forbidden(tmp_path / "probe.spill")
    spill.append([sample(9)])
    with capture_logs() as logs:
        async with recording(memory, clock, spill) as recorder:
            await asyncio.wait_for(recorder.flush(), 5)
            assert recorder.error is not None
            assert "see the log" in recorder.error
            recorder.record(sample(1))
            await asyncio.wait_for(recorder.flush(), 5)
            assert memory.stored == [sample(1)]
            spill.forbidden = False
            await clock.pass_until(40)
            assert memory.stored == [sample(1), sample(9)]
            assert recorder.error is None
    assert isinstance(logs[0]["exc_info"], PermissionError)


async def test_an_unexpected_error_while_writing_is_tried_again(
    spill: SpillFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, memory = VirtualClock(), Memory()
    write = Recorder._write

    async def broken(_: Recorder) -> bool:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Recorder, "_write", broken)
    async with recording(memory, clock, spill) as recorder:
        recorder.record(sample(1))
        await settle()
        assert "see the log" in str(recorder.error)
        monkeypatch.setattr(Recorder, "_write", write)
        await clock.pass_until(2)
        assert memory.stored == [sample(1)]
        assert not recorder.error
