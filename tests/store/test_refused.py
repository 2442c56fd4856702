"""What sinks refused, and results that exporters have not had, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.store.samples import NOW, a_sample
from tests.store.test_retention import Days


@pytest.fixture
async def ids(store: Store) -> list[UUID]:
    """Ten results, one of each of the last ten days, oldest first."""
    run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")
    samples = [a_sample(run, started_at=NOW - timedelta(days=9 - day, hours=1)) for day in range(10)]
    for sample in samples:
        await store.results.add(sample)
    await store.runs.finish(run, "finished")
    return [sample.id for sample in samples]


async def _left(store: Store) -> list[UUID]:
    return [stored.sample.id for stored in await store.results.after(0)]


async def test_refusals_are_counted_by_exporter(store: Store, ids: list[UUID]) -> None:
    assert await store.delivery.refused_counts() == {}
    await store.delivery.refuse("one", {ids[0]: "too large", ids[1]: "malformed"})
    await store.delivery.refuse("two", {ids[0]: "too old"})
    await store.delivery.refuse("one", {ids[1]: "malformed still"})
    await store.delivery.refuse("one", {})
    await store.delivery.refuse("two", {ids[0]: "malformed"}, "events")
    assert await store.delivery.refused_counts() == {
        ("one", "results"): 2,
        ("two", "results"): 1,
        ("two", "events"): 1,
    }


async def test_what_is_accepted_after_all_is_refused_no_longer(store: Store, ids: list[UUID]) -> None:
    await store.delivery.refuse("one", dict.fromkeys(ids, "malformed"))
    await store.delivery.refuse("two", {ids[0]: "malformed"})
    await store.delivery.accept("one", ids[:9])
    await store.delivery.accept("one", [])
    assert await store.delivery.refused_counts() == {("one", "results"): 1, ("two", "results"): 1}


async def test_a_refusal_goes_with_its_result(store: Store, ids: list[UUID], clock: FakeClock) -> None:
    await store.delivery.refuse("one", {ids[0]: "malformed", ids[9]: "malformed"})
    await store.retention.prune(Days(results_days=5))
    assert await store.delivery.refused_counts() == {("one", "results"): 1}


async def test_what_an_exporter_has_not_had_stays(store: Store, ids: list[UUID], clock: FakeClock) -> None:
    await store.delivery.move("fast", 10)
    await store.delivery.move("slow", 2)
    report = await store.retention.prune(Days(results_days=5), ["fast", "slow"])
    assert (report.results, report.undelivered) == (2, 0)
    assert await _left(store) == ids[2:]
    report = await store.retention.prune(Days(results_days=5), ["fast"])
    assert await _left(store) == ids[5:], "nobody waits for the others"


async def test_one_that_has_had_nothing_yet_holds_everything(store: Store, ids: list[UUID]) -> None:
    assert (await store.retention.prune(Days(results_days=1), ["new"])).results == 0
    assert await _left(store) == ids


async def test_but_not_for_ever(store: Store, ids: list[UUID]) -> None:
    await store.delivery.move("slow", 2)
    report = await store.retention.prune(Days(results_days=2, undelivered_days=3), ["slow"])
    assert (report.results, report.undelivered) == (5, 3)
    assert await _left(store) == ids[5:]


async def test_a_limit_means_nothing_where_results_are_kept(store: Store, ids: list[UUID]) -> None:
    days = replace(Days(), undelivered_days=1)
    assert (await store.retention.prune(days, ["slow"])).results == 0
