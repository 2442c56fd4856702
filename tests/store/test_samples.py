"""Samples go in and come out the same, on either database."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probe.facts.sample import Cost, Reported, Sample, Timing, Usage
from probe.store.store import Store
from tests.store.samples import NOW, a_failure, a_sample, a_target
from tests.store.strategies import samples

RUN = uuid4()


async def _run(store: Store) -> Sample:
    run = await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
    return a_sample(run)


async def test_a_sample_comes_back_equal(store: Store) -> None:
    sample = await _run(store)
    await store.results.add(sample)
    assert await store.results.get(sample.id) == sample


async def test_a_failure_comes_back_equal(store: Store) -> None:
    failure = a_failure((await _run(store)).run_id)
    await store.results.add(failure)
    assert await store.results.get(failure.id) == failure


async def test_what_is_not_stored_is_none(store: Store) -> None:
    assert await store.results.get(uuid4()) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(samples(RUN), min_size=1, max_size=3, unique_by=lambda sample: sample.id))
async def test_any_sample_comes_back_equal(store: Store, made: list[Sample]) -> None:
    run = await store.runs.start(run_name="any", triggered_by="cli", suite="quick")
    made = [replace(sample, run_id=run, id=uuid4()) for sample in made]
    await asyncio.gather(*(store.results.add(sample) for sample in made))
    assert [await store.results.get(sample.id) for sample in made] == made


async def test_every_way_of_reading_gives_the_same_sample(store: Store) -> None:
    sample = await _run(store)
    await store.results.add(sample)
    assert (await store.results.page()).items == (sample,)
    assert [stored.sample for stored in await store.results.after(0)] == [sample]
    (light,) = [one async for batch in store.results.since(NOW - timedelta(hours=1)) for one in batch]
    assert light == replace(sample, text=None, timing=replace(sample.timing, chunk_gaps_seconds=()))


async def test_a_stored_sample_is_a_fact(store: Store) -> None:
    sample = await _run(store)
    await store.results.add(sample)
    await store.results.add(replace(sample, text="Rome."))
    assert (await store.results.page()).items == (sample,)


async def test_unknown_is_not_zero(store: Store) -> None:
    base = await _run(store)
    free = Cost(
        total_usd=Decimal(0),
        input_price_per_million_usd=Decimal(0),
        output_price_per_million_usd=Decimal(0),
        price_source="override",
    )
    unknown = replace(base, id=uuid4(), usage=Usage(), cost=None)
    zero = replace(base, id=uuid4(), usage=Usage(input_tokens=0, output_tokens=0), cost=free)
    half = replace(base, id=uuid4(), usage=Usage(output_tokens=7, source="estimate"))
    for sample in (unknown, zero, half):
        await store.results.add(sample)
        assert await store.results.get(sample.id) == sample


async def test_what_no_text_column_holds_is_replaced(store: Store) -> None:
    sample = replace(
        await _run(store), text="a\0b\ud800c\U0001f600", rate_limit={"x\0": "\udfff"}, finish_reason="\0"
    )
    await store.results.add(sample)
    assert await store.results.get(sample.id) == replace(
        sample, text="a\ufffdb\ufffdc\U0001f600", rate_limit={"x\ufffd": "\ufffd"}, finish_reason="\ufffd"
    )


async def test_a_count_that_no_column_holds_is_unknown(store: Store) -> None:
    sample = replace(await _run(store), usage=Usage(input_tokens=10**30, output_tokens=5))
    await store.results.add(sample)
    assert await store.results.get(sample.id) == replace(sample, usage=Usage(output_tokens=5))


async def test_a_report_without_figures_is_one(store: Store) -> None:
    sample = replace(await _run(store), reported=Reported(source="headers"))
    await store.results.add(sample)
    assert await store.results.get(sample.id) == sample


async def test_a_reported_count_that_no_column_holds_is_unknown(store: Store) -> None:
    sample = replace(await _run(store), reported=Reported(source="response", prompt_tokens=2**63))
    await store.results.add(sample)
    assert await store.results.get(sample.id) == replace(sample, reported=Reported(source="response"))


async def test_money_is_kept_to_fifteen_digits(store: Store) -> None:
    base = await _run(store)
    assert base.cost is not None
    sample = replace(base, cost=replace(base.cost, total_usd=Decimal("0.1234567890123456789")))
    await store.results.add(sample)
    stored = await store.results.get(sample.id)
    assert stored is not None
    assert stored.cost == replace(base.cost, total_usd=Decimal("0.123456789012346"))


async def test_responses_can_be_left_out(url: str) -> None:
    async with await Store.open(url, keep_responses=False) as store:
        sample = replace(await _run(store), reasoning_text="Let me think.")
        await store.results.add(sample)
        assert await store.results.get(sample.id) == replace(sample, text=None, reasoning_text=None)


async def test_targets_are_shared_between_samples_of_a_page(store: Store) -> None:
    base = await _run(store)
    for _ in range(3):
        await store.results.add(replace(base, id=uuid4(), target=a_target()))
    first, second, third = (await store.results.page()).items
    assert first.target is second.target is third.target


async def test_the_end_of_the_attempt_is_its_date(store: Store) -> None:
    base = await _run(store)
    late = replace(base, id=uuid4(), started_at=NOW, timing=Timing(duration_seconds=60.0))
    early = replace(base, id=uuid4(), started_at=NOW, timing=Timing(duration_seconds=1.0))
    await store.results.add(late)
    await store.results.add(early)
    assert [sample.id for sample in (await store.results.page()).items] == [late.id, early.id]


def test_the_example_has_a_figure_for_almost_everything() -> None:
    """So that a column that is forgotten cannot hide behind None."""
    sample = a_sample(uuid4())
    empty = {field.name for field in fields(Timing) if getattr(sample.timing, field.name) is None}
    assert empty == {"proxy_seconds"}
    assert {field.name for field in fields(Sample) if getattr(sample, field.name) is None} == {
        "reasoning_text"
    }


@pytest.mark.parametrize("count", [1, 300])
async def test_samples_added_together_are_all_there(store: Store, count: int) -> None:
    base = await _run(store)
    made = [replace(base, id=uuid4(), target=a_target(f"openai/m{index % 7}")) for index in range(count)]
    await asyncio.gather(*(store.results.add(sample) for sample in made))
    stored = await store.results.after(0, 1000)
    assert {each.sample.id for each in stored} == {sample.id for sample in made}
    assert [each.sequence for each in stored] == list(range(1, count + 1))
