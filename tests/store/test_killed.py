"""kill -9 in the middle of storing, again and again: what was reported as stored is there."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import signal
from multiprocessing.context import ForkServerContext
from uuid import UUID

from probe.facts.slot import Slot
from probe.store.records import SlotCounts
from probe.store.store import Store
from tests.store.killed import FIRST, write_until_killed
from tests.store.sql import execute

LIVES = 20


async def test_what_was_stored_survives_being_killed(url: str) -> None:
    chance = random.Random(9)
    # The lives are forked from a process that has imported everything: one takes milliseconds to start.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.killed", "asyncpg"])
    reported = set().union(*(_one_life(context, url, number, chance) for number in range(LIVES)))
    if url.startswith("sqlite"):
        assert await execute(url, "PRAGMA integrity_check") == [("ok",)]
        assert await execute(url, "PRAGMA foreign_key_check") == []
    async with await Store.open(url, owner="killed") as store:
        # Each start closed the life before; the last one is closed by this.
        assert len(await store.runs.close_interrupted()) == 1
        stored = await store.results.after(0, 1_000_000)
        assert reported <= {each.sample.id for each in stored}
        sequences = [each.sequence for each in stored]
        assert sequences == sorted(set(sequences))
        assert await store.results.last_sequence() == sequences[-1]
        assert await store.runs.slot_counts() == {"benchmark": SlotCounts(claimed=LIVES, interrupted=LIVES)}
        assert await store.runs.claim(Slot(job="benchmark", planned_at=FIRST), suite="quick") is None
        runs = (await store.runs.page(limit=1000)).items
        assert {run.status for run in runs} == {"interrupted"}
        assert sum(run.attempts for run in runs) == len(stored)


def _one_life(context: ForkServerContext, url: str, number: int, chance: random.Random) -> set[UUID]:
    """Start, take some reports, kill, take the rest; the samples reported."""
    reports, report = context.Pipe(duplex=False)
    process = context.Process(target=write_until_killed, args=(url, number, report))
    process.start()
    report.close()
    with reports:
        stored = {UUID(bytes=reports.recv_bytes()) for _ in range(chance.randrange(1, 120))}
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with contextlib.suppress(EOFError):
            while True:
                stored.add(UUID(bytes=reports.recv_bytes()))
    return stored
