"""Runs and slots: claimed once by one, ended, and closed where a crash left them open."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.records import RunFilter, SlotCounts
from probe.store.store import Store
from tests.store.samples import NOW, a_failure, a_sample
from tests.store.sql import execute

NINE = Slot(job="benchmark", planned_at=datetime(2026, 3, 1, 9, tzinfo=UTC))


async def test_a_run_counts_its_results(store: Store, clock: FakeClock) -> None:
    run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick", planned_attempts=5)
    for sample in (a_sample(run_id), a_sample(run_id), a_failure(run_id)):
        await store.results.add(sample)
    run = await store.runs.get(run_id)
    assert run is not None
    assert (run.run_name, run.triggered_by, run.suite) == ("by hand", "cli", "quick")
    assert (run.planned_attempts, run.attempts, run.successes, run.failures) == (5, 3, 2, 1)
    assert (run.started_at, run.finished_at, run.status) == (NOW, None, "running")
    clock.advance(90)
    await store.runs.finish(run_id, "finished")
    ended = await store.runs.get(run_id)
    assert ended == replace(run, finished_at=NOW + timedelta(seconds=90), status="finished")


async def test_what_a_run_skipped_is_kept(store: Store) -> None:
    run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick", planned_attempts=5)
    open_run = await store.runs.get(run_id)
    await store.runs.finish(run_id, "finished", skipped_attempts=2)
    ended = await store.runs.get(run_id)
    assert open_run is not None
    assert ended is not None
    assert (open_run.skipped_attempts, ended.skipped_attempts) == (None, 2)


async def test_a_run_that_is_skipped_says_why(store: Store) -> None:
    """It is neither interrupted nor done, and its slot was dealt with."""
    run_id = await store.runs.claim(NINE, suite="quick")
    assert isinstance(run_id, UUID)
    await store.runs.finish(run_id, "skipped", note="The budget of the day is spent.\0")
    (run,) = (await store.runs.page(RunFilter(status="skipped"))).items
    assert (run.id, run.note, run.attempts) == (run_id, "The budget of the day is spent.\ufffd", 0)
    assert run.finished_at == NOW
    assert await store.runs.slot_counts() == {"benchmark": SlotCounts(claimed=1, skipped=1)}
    assert await store.runs.claim(NINE, suite="quick") is None
    assert await store.runs.close_interrupted() == ()


async def test_reserved_jobs_are_claimed_as_any(store: Store) -> None:
    for job in ("discovery", "prices"):
        slot = replace(NINE, job=job)
        run_id = await store.runs.claim(slot, suite=job)
        assert isinstance(run_id, UUID)
        await store.runs.finish(run_id, "finished")
        assert await store.runs.claim(slot, suite=job) is None
        assert await store.runs.last_slot(job) == slot


async def test_a_job_ran_last_when_the_daemon_last_ran_it(store: Store, clock: FakeClock) -> None:
    """Neither what a person started under the same name counts, nor another job."""
    assert await store.runs.last_run_at("benchmark") is None
    run_id = await store.runs.claim(NINE, suite="quick")
    assert isinstance(run_id, UUID)
    assert await store.runs.last_run_at("benchmark") == NOW
    await store.runs.finish(run_id, "finished")
    clock.advance(60)
    await store.runs.start(run_name="benchmark", triggered_by="start", suite="quick")
    for name, by in (("benchmark", "api"), ("benchmark", "cli"), ("other", "schedule")):
        clock.advance(60)
        await store.runs.start(run_name=name, triggered_by=by, suite="quick")
    assert await store.runs.last_run_at("benchmark") == NOW + timedelta(seconds=60)


async def test_a_run_that_is_not_stored_is_none(store: Store) -> None:
    assert await store.runs.get(uuid4()) is None


async def test_a_slot_is_claimed_once_ever(store: Store) -> None:
    run_id = await store.runs.claim(NINE, suite="quick", planned_attempts=3, late_seconds=0.2)
    assert isinstance(run_id, UUID)
    assert await store.runs.claim(NINE, suite="quick") is None
    await store.runs.finish(run_id, "finished")
    assert await store.runs.claim(NINE, suite="quick") is None
    (run,) = (await store.runs.page()).items
    assert (run.id, run.run_name, run.triggered_by) == (run_id, "benchmark", "schedule")
    assert await store.runs.claim(replace(NINE, job="another"), suite="quick") is not None


async def test_the_zone_of_a_slot_does_not_matter(store: Store) -> None:
    berlin = NINE.planned_at.astimezone(timezone(timedelta(hours=1)))
    assert await store.runs.claim(replace(NINE, planned_at=berlin), suite="quick") is not None
    assert await store.runs.claim(NINE, suite="quick") is None
    assert await store.runs.last_slot("benchmark") == NINE


async def test_the_last_slot_is_the_latest_known(store: Store) -> None:
    assert await store.runs.last_slot("benchmark") is None
    hour = timedelta(hours=1)
    await store.runs.claim(NINE, suite="quick")
    assert await store.runs.last_slot("benchmark") == NINE
    await store.runs.record_missed("benchmark", NINE.planned_at + hour, NINE.planned_at + 3 * hour, 3)
    last = replace(NINE, planned_at=NINE.planned_at + 3 * hour)
    assert await store.runs.last_slot("benchmark") == last
    later = replace(NINE, planned_at=NINE.planned_at + 4 * hour)
    assert await store.runs.record_overlap(later)
    assert await store.runs.last_slot("benchmark") == later
    assert await store.runs.last_slot("discovery") is None
    assert await store.runs.last_slot("benchmark", NINE.planned_at + 3 * hour) == last
    # Those that were counted together go on beyond it: only the first is before.
    within = NINE.planned_at + 2 * hour
    assert await store.runs.last_slot("benchmark", within) == replace(NINE, planned_at=NINE.planned_at + hour)
    assert await store.runs.last_slot("benchmark", NINE.planned_at - hour) is None


async def test_what_was_counted_is_not_counted_again(store: Store) -> None:
    first, last = NINE.planned_at, NINE.planned_at + timedelta(hours=2)
    assert await store.runs.record_missed("benchmark", first, last, 3)
    assert not await store.runs.record_missed("benchmark", first, last, 3)
    assert not await store.runs.record_overlap(NINE)
    assert await store.runs.claim(NINE, suite="quick") is None
    assert (await store.runs.page()).items == ()


async def test_slots_are_counted_by_job(store: Store) -> None:
    minute = timedelta(minutes=1)
    at = NINE.planned_at
    on_time = await store.runs.claim(Slot(job="a", planned_at=at), suite="quick", late_seconds=0.4)
    assert isinstance(on_time, UUID)
    await store.runs.finish(on_time, "finished")
    late = await store.runs.claim(Slot(job="a", planned_at=at + minute), suite="quick", late_seconds=2.5)
    assert isinstance(late, UUID)
    await store.runs.finish(late, "interrupted")
    await store.runs.record_missed("a", at + 2 * minute, at + 8 * minute, 7)
    await store.runs.record_overlap(Slot(job="a", planned_at=at + 9 * minute))
    await store.runs.record_overlap(Slot(job="b", planned_at=at))
    assert await store.runs.slot_counts() == {
        "a": SlotCounts(claimed=2, interrupted=1, late=1, missed=7, overlapped=1),
        "b": SlotCounts(overlapped=1),
    }
    assert (await store.runs.slot_counts(late_after_seconds=3.0))["a"].late == 0


async def test_runs_are_listed_newest_first(store: Store, clock: FakeClock) -> None:
    ids = []
    for index in range(5):
        ids.append(await store.runs.start(run_name=f"r{index}", triggered_by="cli", suite="quick"))
        clock.advance(index % 2)
    listed = []
    after = None
    while True:
        page = await store.runs.page(limit=2, after=after)
        listed += [run.id for run in page.items]
        after = page.next
        if after is None:
            break
    assert len(listed) == 5
    assert set(listed) == set(ids)
    assert listed == [run.id for run in (await store.runs.page()).items]
    assert listed[-1] == ids[0] or listed[-1] == ids[1]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (RunFilter(), "cba"),
        (RunFilter(run_name="b"), "b"),
        (RunFilter(triggered_by="api"), "c"),
        (RunFilter(suite="quick"), "ba"),
        (RunFilter(status="running"), "cb"),
        (RunFilter(since=NOW + timedelta(seconds=60)), "cb"),
        (RunFilter(until=NOW + timedelta(seconds=60)), "a"),
        (RunFilter(suite="quick", status="running"), "b"),
        (RunFilter(run_name="nobody"), ""),
    ],
)
async def test_runs_are_filtered(store: Store, clock: FakeClock, chosen: RunFilter, names: str) -> None:
    """`a`, `b` and `c`, a minute apart; `a` has ended."""
    first = await store.runs.start(run_name="a", triggered_by="cli", suite="quick")
    await store.runs.finish(first, "finished")
    for name, by, suite in (("b", "cli", "quick"), ("c", "api", "long")):
        clock.advance(60)
        await store.runs.start(run_name=name, triggered_by=by, suite=suite)
    assert [run.run_name for run in (await store.runs.page(chosen)).items] == list(names)


@pytest.mark.parametrize("nonsense", ["", "x", "12", "12-", "zz-1", "12-not-a-uuid"])
async def test_a_cursor_of_another_listing_is_refused(store: Store, nonsense: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await store.runs.page(after=nonsense)


async def test_two_daemons_never_run_a_slot_twice(url: str) -> None:
    """Two processes claim the same 40 slots at the same time."""
    processes = [await _claimer(url, f"daemon-{index}") for index in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    won = [set(json.loads(out)) for out, _ in outputs]
    assert won[0] | won[1] == set(range(40))
    assert won[0] & won[1] == set()
    ((slots, runs),) = await execute(url, "SELECT (SELECT count(*) FROM slots), (SELECT count(*) FROM runs)")
    assert (slots, runs) == (40, 40)


async def _claimer(url: str, owner: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.store.claimer",
        url,
        owner,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
