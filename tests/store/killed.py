"""A program that stores samples and is killed: it reports each one only once it is stored."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from uuid import UUID

from probe.facts.slot import Slot
from probe.store.store import Store
from tests.store.samples import a_sample, a_target

WRITERS = 8
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def write_until_killed(url: str, number: int, report: Connection) -> None:
    """The `number`th life of the program; `report` takes the id of each sample that is stored."""
    asyncio.run(_write(url, number, report))


async def _write(url: str, number: int, report: Connection) -> None:
    store = await Store.open(url, owner="killed")
    await store.runs.close_interrupted()
    slot = Slot(job="benchmark", planned_at=FIRST + timedelta(minutes=number))
    run = await store.runs.claim(slot, suite="quick")
    assert isinstance(run, UUID)

    async def add(index: int) -> None:
        while True:
            sample = a_sample(run, target=a_target(f"openai/{number}-{index}"))
            await store.results.add(sample)
            report.send_bytes(sample.id.bytes)

    await asyncio.gather(*(add(index) for index in range(WRITERS)))
