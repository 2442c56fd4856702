"""Leases: what is open belongs to who lives, one run of a job at a time, and the rest is closed."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.lib.tasks import background
from probe.store.leases import RENEWAL_SECONDS
from probe.store.records import SlotCounts
from probe.store.schema import benchmark_results
from probe.store.store import Store
from tests.lib.clocks import VirtualClock
from tests.store.samples import NOW, a_sample
from tests.store.sql import execute, lapse

NINE = Slot(job="benchmark", planned_at=datetime(2026, 3, 1, 9, tzinfo=UTC))
TEN = Slot(job="benchmark", planned_at=datetime(2026, 3, 1, 10, tzinfo=UTC))
RESULTS, OPEN_RUNS = 40_000, 300
# As it was, 300 runs took a walk of 40,000 rows each: many times this, on whatever machine.
CLOSING_SECONDS = 4.0


async def claimed(store: Store, slot: Slot) -> UUID:
    run_id = await store.runs.claim(slot, suite="quick")
    assert isinstance(run_id, UUID)
    return run_id


async def test_what_a_crash_left_open_is_closed_at_its_last_sign_of_life(url: str, clock: FakeClock) -> None:
    async with await Store.open(url, clock=clock, owner="here") as here:
        async with await Store.open(url, clock=clock, owner="crashed") as crashed:
            open_run = await claimed(crashed, NINE)
            silent = await crashed.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
            done = await crashed.runs.start(run_name="done", triggered_by="cli", suite="quick")
            await crashed.runs.finish(done, "finished")
            await crashed.results.add(a_sample(open_run, started_at=NOW + timedelta(seconds=58)))
            clock.advance(600)
            assert await here.runs.close_interrupted() == ()
            await lapse(url, "crashed")
            assert set(await here.runs.close_interrupted()) == {open_run, silent}
        ends = {run.id: (run.status, run.finished_at) for run in (await here.runs.page()).items}
        assert ends == {
            open_run: ("interrupted", NOW + timedelta(seconds=60)),
            silent: ("interrupted", NOW),
            done: ("finished", NOW),
        }
        assert (await here.runs.slot_counts())["benchmark"] == SlotCounts(claimed=1, interrupted=1)
        assert await here.runs.claim(NINE, suite="quick") is None
        assert await here.runs.close_interrupted() == ()


async def test_a_second_start_under_the_same_name_closes_nothing_of_the_first(url: str) -> None:
    async with await Store.open(url, owner="same") as first, await Store.open(url, owner="same") as second:
        going = await claimed(first, NINE)
        assert await second.runs.close_interrupted() == ()
        await second.runs.finish(going, "finished")
        assert len({row[0] for row in await execute(url, "SELECT owner FROM leases")}) == 2


async def test_a_lease_that_was_given_back_leaves_nothing_open(url: str) -> None:
    async with await Store.open(url, owner="here") as here:
        async with await Store.open(url, owner="gone") as gone:
            left = await claimed(gone, NINE)
        assert await here.runs.close_interrupted() == (left,)
        assert [owner.partition("/")[0] for (owner,) in await execute(url, "SELECT owner FROM leases")] == [
            "here"
        ]


async def test_who_was_away_itself_closes_nobody_at_its_next_look(url: str) -> None:
    """The database was out, or its clock was set: the others may be about to renew."""
    clock = VirtualClock()
    async with (
        await Store.open(url, owner="one", clock=clock) as one,
        await Store.open(url, owner="two") as two,
        AsyncExitStack() as stack,
    ):
        await one.runs.close_interrupted()
        going = await claimed(two, NINE)
        await lapse(url, "%")
        background(stack, one.runs.keep_lease, "lease", clock)
        await _until(url, "SELECT 1 FROM leases WHERE owner LIKE 'one/%' AND expires_at > renewed_at")
        assert await _status(two, going) == "running"
        await clock.pass_until(RENEWAL_SECONDS)
        await _until(url, "SELECT 1 FROM runs WHERE status = 'interrupted'")
        assert await _status(two, going) == "interrupted"


async def _until(url: str, statement: str) -> None:
    while not await execute(url, statement):  # noqa: ASYNC110  the row is what is waited for
        await asyncio.sleep(0.01)


async def _status(store: Store, run_id: UUID) -> str:
    run = await store.runs.get(run_id)
    assert run is not None
    return run.status


async def test_a_run_taken_for_dead_may_still_finish(url: str) -> None:
    async with await Store.open(url, owner="stalled") as stalled, await Store.open(url, owner="here") as here:
        run_id = await claimed(stalled, NINE)
        await lapse(url, "stalled")
        assert await here.runs.close_interrupted() == (run_id,)
        await stalled.runs.finish(run_id, "finished")
        run = await here.runs.get(run_id)
        assert run is not None
        assert run.status == "finished"
        assert (await here.runs.slot_counts())["benchmark"] == SlotCounts(claimed=1)


# One run of a job at a time --------------------------------------------------------------------------------


async def test_a_slot_during_a_run_of_another_daemon_overlaps(url: str) -> None:
    async with await Store.open(url, owner="one") as one, await Store.open(url, owner="two") as two:
        going = await claimed(one, NINE)
        assert await two.runs.claim(NINE, suite="quick") is None
        assert await two.runs.claim(TEN, suite="quick") == "overlapped"
        assert not await one.runs.record_overlap(TEN)
        assert await two.runs.claim(Slot(job="other", planned_at=NINE.planned_at), suite="quick")
        by_hand = await two.runs.start(run_name="benchmark", triggered_by="api", suite="quick")
        assert await two.runs.get(by_hand) is not None
        await one.runs.finish(going, "finished")
        await claimed(two, Slot(job="benchmark", planned_at=TEN.planned_at + timedelta(hours=1)))
        counts = (await two.runs.slot_counts())["benchmark"]
        assert counts == SlotCounts(claimed=2, overlapped=1)


async def test_a_run_whose_owner_died_gives_way_at_the_next_claim(url: str) -> None:
    async with await Store.open(url, owner="dead") as dead, await Store.open(url, owner="here") as here:
        left = await claimed(dead, NINE)
        await lapse(url, "dead")
        assert await claimed(here, TEN) != left
        counts = (await here.runs.slot_counts())["benchmark"]
        assert counts == SlotCounts(claimed=2, interrupted=1)


async def test_a_job_runs_at_the_start_of_one_daemon_of_those_that_live(url: str) -> None:
    async with await Store.open(url, owner="one") as one, await Store.open(url, owner="two") as two:
        run_id = await one.runs.claim_start(run_name="benchmark", suite="quick", planned_attempts=3)
        assert run_id is not None
        assert await two.runs.claim_start(run_name="benchmark", suite="quick") is None
        await one.runs.finish(run_id, "finished")
        assert await two.runs.claim_start(run_name="benchmark", suite="quick") is None
        assert await two.runs.claim_start(run_name="other", suite="quick") is not None
        await lapse(url, "one")
        await two.runs.close_interrupted()
        assert await two.runs.claim_start(run_name="benchmark", suite="quick") is not None
    starts = await execute(url, "SELECT run_name FROM runs WHERE triggered_by = 'start' ORDER BY run_name")
    assert [name for (name,) in starts] == ["benchmark", "benchmark", "other"]


async def test_daemons_that_start_at_once_make_one_run_of_each_job(url: str) -> None:
    async with (
        await Store.open(url, owner="one", patience_seconds=60) as one,
        await Store.open(url, owner="two", patience_seconds=60) as two,
    ):
        names = [f"job-{index}" for index in range(20)]
        tried = await asyncio.gather(
            *(each.runs.claim_start(run_name=name, suite="quick") for name in names for each in (one, two))
        )
        assert len([run_id for run_id in tried if run_id is not None]) == len(names)
        assert len((await one.runs.page(limit=100)).items) == len(names)


# Time ------------------------------------------------------------------------------------------------------


async def test_closing_does_not_walk_what_is_stored(url: str) -> None:
    async with await Store.open(url, owner="here") as here:
        old = await here.runs.start(run_name="old", triggered_by="cli", suite="quick")
        await here.results.add(a_sample(old))
        await here.runs.finish(old, "finished")
        await execute(url, _copies(url), _open_runs(url))
        before = time.monotonic()
        closed = await here.runs.close_interrupted()
        assert time.monotonic() - before < CLOSING_SECONDS
        assert len(closed) == OPEN_RUNS


def _copies(url: str, count: int = RESULTS) -> str:
    """The one result there is, again and again."""
    names = [column.name for column in benchmark_results.c if column.name not in ("id", "sequence")]
    return (
        f"INSERT INTO benchmark_results (id, sequence, {', '.join(names)}) {_numbers(count)} "
        f"SELECT {_new_id(url)}, 1 + n, {', '.join(names)} FROM benchmark_results, numbers"
    )


def _open_runs(url: str, count: int = OPEN_RUNS) -> str:
    """As crashes leave them: without results."""
    return (
        "INSERT INTO runs (id, run_name, triggered_by, started_at, status, suite, owner) "
        f"{_numbers(count)} SELECT {_new_id(url)}, 'x', 'cli', '2026-03-01 12:00:00.000000', 'running', "
        "'quick', 'dead' FROM numbers"
    )


def _numbers(count: int) -> str:
    return f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"


def _new_id(url: str) -> str:
    if not url.startswith("sqlite"):
        return "gen_random_uuid()"
    return "printf('%08x-0000-4000-8000-%012x', abs(random() % 4294967296), n)"
