"""Nothing that was measured is lost: the recorder in front of a database that is away."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from probe.clock import Clock, SystemClock
from probe.errors import StoreError, StoreUnavailable
from probe.recorder import Recorder
from probe.sample import Cost, Failed, Ok, Sample, Target, Timing, Usage
from probe.spill import SpillFile, decode, encode
from probe.store.store import Store
from tests.clocks import START, VirtualClock, settle

RUN = UUID(int=1)


def sample(number: int, run_id: UUID = RUN) -> Sample:
    return Sample(
        id=UUID(int=number),
        run_id=run_id,
        target=Target(name="acme/a", provider="acme", model="a", base_url="http://a.test", kind="direct"),
        suite="quick",
        case_id="one",
        prompt_hash="0" * 16,
        streaming=True,
        connection="cold",
        reused=False,
        planned_at=START,
        started_at=START + timedelta(microseconds=number),
        lag_seconds=0.25,
        stamps="kernel",
        trusted=True,
        outcome=Ok() if number % 2 else Failed(kind="dns", fault="network", detail="no such name"),
        timing=Timing(duration_seconds=1.5, ttft_seconds=0.1, chunk_gaps_seconds=(0.01, 0.02)),
        usage=Usage(input_tokens=1, output_tokens=2),
        cost=Cost(
            total_usd=Decimal("0.000123"),
            input_price_per_million_usd=Decimal("1.5"),
            output_price_per_million_usd=Decimal(2),
            price_source="test",
        ),
        text=f"answer {number} \ud800 ☃",
        reasoning_text="hm",
        rate_limit={"x-ratelimit-limit": "1"},
    )


def samples(count: int, run_id: UUID = RUN) -> list[Sample]:
    return [sample(number, run_id) for number in range(1, count + 1)]


class Memory:
    """A store in memory: `error` is raised while it is set, `refused` ids always."""

    def __init__(self) -> None:
        self.stored: list[Sample] = []
        self.error: Exception | None = None
        self.refused: set[UUID] = set()
        self.tries = 0
        self.silent = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def add(self, sample: Sample, /) -> None:
        self.tries += 1
        if self.silent:
            await asyncio.Event().wait()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if sample.id in self.refused:
            raise StoreError("refused a row")
        if sample not in self.stored:
            self.stored.append(sample)


LOCKED = StoreUnavailable("the database is locked")


@pytest.fixture
def spill(tmp_path: Path) -> SpillFile:
    return SpillFile(tmp_path / "probe.spill")


@asynccontextmanager
async def recording(
    store: Memory | Store,
    clock: Clock,
    spill: SpillFile,
    *,
    keep_responses: bool = True,
    most_held: int = 5000,
) -> AsyncIterator[Recorder]:
    recorder = Recorder(store, clock, spill, keep_responses=keep_responses, most_held=most_held)
    recorder.start()
    try:
        yield recorder
    finally:
        await recorder.aclose(0.01)


def lines(path: Path) -> list[Sample]:
    return [decode(line) for line in path.read_text().splitlines()]


# In order, and again ----------------------------------------------------------------------------------------


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


# Too many, and the end --------------------------------------------------------------------------------------


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


# The spill file ---------------------------------------------------------------------------------------------


def test_a_line_holds_a_whole_sample() -> None:
    for number in (1, 2):
        line = encode(sample(number))
        assert line.isascii()
        assert "\n" not in line
        assert decode(line) == sample(number)
    with pytest.raises(ValueError, match="Expecting value"):
        decode("not a sample")


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


# A real database --------------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes."""
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


async def test_a_locked_database(tmp_path: Path, spill: SpillFile) -> None:
    path = tmp_path / "probe.db"
    async with await Store.open(f"sqlite:///{path}", patience_seconds=0.05) as store:
        run_id = await store.start_run(run_name="by hand", triggered_by="cli", suite="quick")
        wanted = samples(20, run_id)
        async with recording(store, SystemClock(), spill) as recorder:
            with locked(path):
                for each in wanted:
                    recorder.record(each)
                while recorder.error is None:  # noqa: ASYNC110  the count is what is waited for
                    await asyncio.sleep(0)
                assert "locked" in recorder.error
                assert recorder.pending == 20
            await recorder.flush()
            assert recorder.error is None
        stored = await store.samples_after(0)
        assert [each.sample.id for each in stored] == [each.id for each in wanted]
    assert not spill.waiting


async def test_a_restart_during_a_lock_stores_every_sample_once(tmp_path: Path, spill: SpillFile) -> None:
    path = tmp_path / "probe.db"
    url = f"sqlite:///{path}"
    async with await Store.open(url, patience_seconds=0.05) as store:
        run_id = await store.start_run(run_name="by hand", triggered_by="cli", suite="quick")
        with locked(path):
            async with recording(store, SystemClock(), spill) as recorder:
                for each in samples(5, run_id):
                    recorder.record(each)
    assert spill.waiting
    async with await Store.open(url) as store:
        async with recording(store, SystemClock(), spill) as recorder:
            recorder.record(sample(1, run_id))
            await recorder.flush()
        stored = await store.samples_after(0)
        assert sorted(each.sample.id.int for each in stored) == [1, 2, 3, 4, 5]


async def test_a_sample_of_a_run_that_nobody_knows_is_kept_apart(tmp_path: Path, spill: SpillFile) -> None:
    stray = sample(1, uuid4())
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db") as store:
        run_id = await store.start_run(run_name="by hand", triggered_by="cli", suite="quick")
        async with recording(store, SystemClock(), spill) as recorder:
            recorder.record(stray)
            recorder.record(sample(2, run_id))
            await recorder.flush()
            assert recorder.rejected == 1
        assert len(await store.samples_after(0)) == 1
    assert json.loads(spill.rejected_path.read_text())["id"] == str(stray.id)


async def test_a_defect_in_the_last_try_leaves_nothing_behind(
    spill: SpillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> bool:
        raise RuntimeError("a defect")

    recorder = Recorder(Memory(), VirtualClock(), spill)
    monkeypatch.setattr(recorder, "_write", broken)
    (sample,) = samples(1)
    recorder.record(sample)
    await recorder.aclose()
    assert lines(tmp_path / "probe.spill") == [sample]
