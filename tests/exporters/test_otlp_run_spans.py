"""The roots of traces: when they are looked for, and how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from exporters.otlp.spans import RunSpans
from probe.errors import StoreUnavailable
from probe.exporter import Run
from probe.lib.clock import FakeClock
from tests.daemon.daemons import until
from tests.exporters.otlp import MadeRun
from tests.exporters.samples import NOW

FIRST, SECOND = UUID(int=1), UUID(int=2)


class Stage:
    """A store that is asked, and a server that is sent roots."""

    def __init__(self, *runs: MadeRun) -> None:
        self.known: dict[UUID, MadeRun] = {run.id: run for run in runs}
        self.asked: Counter[UUID] = Counter()
        self.sent: list[UUID] = []
        self.broken = False
        self.clock = FakeClock(NOW)
        self.roots = RunSpans(self.find, self.send, self.clock)

    async def find(self, run_id: UUID) -> Run | None:
        self.asked[run_id] += 1
        if self.broken:
            raise StoreUnavailable("locked")
        return self.known.get(run_id)

    def send(self, runs: Sequence[Run]) -> None:
        self.sent += [run.id for run in runs]

    async def look(self) -> None:
        self.roots.send(await self.roots.ended())


async def test_a_root_that_was_told_is_asked_for_no_more() -> None:
    stage = Stage(MadeRun(id=FIRST))
    for _ in range(3):
        stage.roots.expect([FIRST])
        await stage.look()
    assert stage.sent == [FIRST]
    assert stage.asked == {FIRST: 1}


async def test_one_that_is_told_meanwhile_is_not_told_twice() -> None:
    stage = Stage(MadeRun(id=FIRST))
    stage.roots.expect([FIRST])
    ended, again = await stage.roots.ended(), await stage.roots.ended()
    stage.roots.send(ended)
    stage.roots.send(again)
    assert stage.sent == [FIRST]


async def test_a_run_that_nobody_knows_is_forgotten() -> None:
    stage = Stage()
    stage.roots.expect([FIRST])
    await stage.look()
    await stage.look()
    assert stage.asked == {FIRST: 1}


async def test_a_store_that_does_not_answer_is_asked_once_at_a_time() -> None:
    stage = Stage(MadeRun(id=FIRST), MadeRun(id=SECOND))
    stage.broken = True
    stage.roots.expect([FIRST, SECOND])
    await stage.look()
    assert stage.asked.total() == 1
    stage.broken = False
    await stage.look()
    assert stage.sent == [FIRST, SECOND]


async def test_it_is_looked_for_again_until_the_end_is_told() -> None:
    stage = Stage(MadeRun(id=FIRST, finished_at=None))
    stage.roots.expect([FIRST])
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            stage.known[FIRST] = MadeRun(id=FIRST)
        await stage.look()

    for _ in range(3):
        stage.roots.watch(look)
    await until(lambda: stage.sent == [FIRST])
    for _ in range(10):
        await asyncio.sleep(0)
    assert looks == 2, "one looks at a time, and no longer than needed"
    stage.roots.watch(look)
    await stage.roots.aclose()
    assert looks == 2, "nothing is open"


async def test_one_that_does_not_end_is_left_to_the_next_results() -> None:
    stage = Stage(MadeRun(id=FIRST, finished_at=None))
    stage.roots.expect([FIRST])
    stage.roots.watch(stage.look)
    await until(lambda: stage.asked[FIRST] == 3)
    for _ in range(10):
        await asyncio.sleep(0)
    assert stage.asked[FIRST] == 3
    stage.roots.watch(stage.look)
    await until(lambda: stage.asked[FIRST] == 6)
    await stage.roots.aclose()
