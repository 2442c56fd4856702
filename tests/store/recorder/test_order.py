"""Samples are stored in order, and again after an outage."""

from __future__ import annotations

from uuid import UUID

from structlog.testing import capture_logs

from probe.store.spill import SpillFile
from tests.lib.clocks import VirtualClock, settle
from tests.store.recorder.recording import LOCKED, Memory, lines, recording, sample, samples


async def test_samples_are_stored_in_the_order_in_which_they_came(spill: SpillFile) -> None:
    memory = Memory()
    async with recording(memory, VirtualClock(), spill) as recorder:
        for each in samples(1000):
            recorder.record(each)
        await recorder.flush()
        assert memory.stored == samples(1000)
        assert (recorder.pending, recorder.write_errors, recorder.error) == (0, 0, None)
    assert not spill.waiting


async def test_an_outage_is_waited_for_and_told(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.error = LOCKED
    with capture_logs() as logs:
        async with recording(memory, clock, spill) as recorder:
            for each in samples(3):
                recorder.record(each)
            await clock.pass_until(2.9)
            assert (recorder.pending, recorder.error) == (3, "the database is locked")
            recorder.record(sample(4))
            await clock.pass_until(100)
            # Tried at 0, 1, 3, 7, 15, 31, 61 and 91 seconds.
            assert recorder.write_errors == 8
            memory.error = None
            await clock.pass_until(121)
            assert memory.stored == samples(4)
            assert (recorder.pending, recorder.error, recorder.dropped) == (0, None, 0)
    levels = [entry["log_level"] for entry in logs]
    assert levels == ["error"] * 8 + ["info"]


async def test_what_comes_while_a_write_fails_stays_behind_it(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.error = LOCKED
    memory.gate.clear()
    async with recording(memory, clock, spill) as recorder:
        for each in samples(2):
            recorder.record(each)
        await settle()
        recorder.record(sample(3))
        memory.gate.set()
        await settle()
        memory.error = None
        await clock.pass_until(10)
        assert memory.stored == samples(3)


async def test_a_sample_that_is_refused_for_good_holds_nobody_up(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.refused = {UUID(int=2)}
    async with recording(memory, clock, spill) as recorder:
        for each in samples(3):
            recorder.record(each)
        await recorder.flush()
        assert memory.stored == [sample(1), sample(3)]
        assert (recorder.rejected, recorder.dropped, recorder.pending) == (1, 0, 0)
    assert lines(spill.rejected_path) == [sample(2)]
    assert not spill.waiting


async def test_a_defect_while_storing_costs_no_other_sample(spill: SpillFile) -> None:
    clock, memory = VirtualClock(), Memory()
    memory.error = ZeroDivisionError("a defect")
    async with recording(memory, clock, spill) as recorder:
        recorder.record(sample(1))
        await settle()
        memory.error = None
        recorder.record(sample(2))
        await recorder.flush()
    assert memory.stored == [sample(2)]
    assert lines(spill.rejected_path) == [sample(1)]
