"""A program that records samples and is killed: it reports each when it is recorded, and when it is kept."""

from __future__ import annotations

import asyncio
import time
from multiprocessing.connection import Connection
from pathlib import Path

from probe.facts.sample import Sample
from probe.lib.clock import SystemClock
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile, prepare_lines
from probe.store.store import Store
from tests.store.samples import a_sample

PAUSE_SECONDS = 0.002


def record_until_killed(url: str, spill: Path, pipe: Connection) -> None:
    """Says `ready`, waits for a word, then tells (`recorded` or `safe`, id, seconds) of each sample."""
    asyncio.run(_record(url, spill, pipe))


def spare_of(spill: Path) -> Path:
    """Beside the folder, which may be read-only."""
    return spill.parent.with_name(f"{spill.parent.name}-spare")


class _Told(Recorder):
    """Reports what is stored, or on the disk."""

    pipe: Connection

    async def add(self, sample: Sample) -> None:
        await super().add(sample)
        at = time.monotonic()
        self.pipe.send(("safe", sample.id, at))

    def tell_kept(self) -> None:
        keep = self._held_file.keep

        def kept(samples: tuple[Sample, ...]) -> None:
            keep(samples)
            at = time.monotonic()
            for sample in samples:
                self.pipe.send(("safe", sample.id, at))

        self._held_file.keep = kept  # type: ignore[method-assign,assignment]


async def _record(url: str, spill: Path, pipe: Connection) -> None:
    store = await Store.open(url, owner="killed")
    run = await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
    recorder = _Told(store.results, SystemClock(), SpillFile(spill), spare=spare_of(spill))
    recorder.pipe = pipe
    recorder.tell_kept()
    recorder.start()
    await recorder.flush()
    prepare_lines()
    pipe.send(("ready", run, time.monotonic()))
    await asyncio.to_thread(pipe.recv)
    while True:
        sample = a_sample(run)
        at = time.monotonic()
        recorder.record(sample)
        pipe.send(("recorded", sample.id, at))
        await asyncio.sleep(PAUSE_SECONDS)
