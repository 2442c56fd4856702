"""In front of a real database that is locked, or refuses."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from probe.lib.clock import SystemClock
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from probe.store.store import Store
from tests.lib.clocks import VirtualClock
from tests.store.recorder.recording import Memory, lines, recording, sample, samples


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
        run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
        wanted = samples(20, run_id)
        async with recording(store.results, SystemClock(), spill) as recorder:
            with locked(path):
                for each in wanted:
                    recorder.record(each)
                while recorder.error is None:  # noqa: ASYNC110  the count is what is waited for
                    await asyncio.sleep(0)
                assert "locked" in recorder.error
                assert recorder.pending == 20
            await recorder.flush()
            assert recorder.error is None
        stored = await store.results.after(0)
        assert [each.sample.id for each in stored] == [each.id for each in wanted]
    assert not spill.waiting


async def test_a_restart_during_a_lock_stores_every_sample_once(tmp_path: Path, spill: SpillFile) -> None:
    path = tmp_path / "probe.db"
    url = f"sqlite:///{path}"
    async with await Store.open(url, patience_seconds=0.05) as store:
        run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
        with locked(path):
            async with recording(store.results, SystemClock(), spill) as recorder:
                for each in samples(5, run_id):
                    recorder.record(each)
    assert spill.waiting
    async with await Store.open(url) as store:
        async with recording(store.results, SystemClock(), spill) as recorder:
            recorder.record(sample(1, run_id))
            await recorder.flush()
        stored = await store.results.after(0)
        assert sorted(each.sample.id.int for each in stored) == [1, 2, 3, 4, 5]


async def test_a_sample_of_a_run_that_nobody_knows_is_kept_apart(tmp_path: Path, spill: SpillFile) -> None:
    stray = sample(1, uuid4())
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db") as store:
        run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
        async with recording(store.results, SystemClock(), spill) as recorder:
            recorder.record(stray)
            recorder.record(sample(2, run_id))
            await recorder.flush()
            assert recorder.rejected == 1
        assert len(await store.results.after(0)) == 1
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
