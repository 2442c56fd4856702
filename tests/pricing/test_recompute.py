"""What past results cost, reckoned again at their own instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from probe.catalog.models.listed import ListedModel
from probe.facts.sample import Sample, Usage
from probe.pricing.recompute import recompute
from tests.pricing.market import DAY, OPENAI, Market, price
from tests.store.samples import a_sample

USAGE = Usage(
    input_tokens=300_000,
    output_tokens=1000,
    cached_input_tokens=100_000,
    cache_write_tokens=50_000,
    reasoning_tokens=400,
)


async def asked_now(market: Market, usage: Usage = USAGE, model: str = "gpt-4o-mini") -> Sample:
    """A result of this instant, priced as an attempt does it, and stored."""
    run_id = await market.store.runs.start(run_name="x", triggered_by="cli", suite="quick")
    made = a_sample(run_id, started_at=market.clock.now(), usage=usage)
    target = replace(made.target, model=model, name=f"openai/{model}", base_url=OPENAI)
    found = market.scope.book.price("openai", model, OPENAI, market.clock.now())
    cost = None if found is None else market.scope.book.cost(found, usage)
    sample = replace(made, target=target, cost=cost)
    await market.store.results.add(sample)
    stored = await market.store.results.get(sample.id)
    assert stored is not None
    return stored


@pytest.fixture
async def past(market: Market) -> list[Sample]:
    """Results of five days, on each of which the price was another, in every part it has."""
    samples = []
    for day in range(1, 6):
        large = {
            "tier": {"size": 200_000},
            "input": day * 2,
            "output": day * 2,
            "cache_read": day / 5,
            "cache_write": day * 3,
            "reasoning": day * 4,
        }
        await market.sync_saying(
            day, cache_read=day / 10, cache_write=day * 1.25, reasoning=day * 3, tiers=[large]
        )
        market.clock.advance(60)
        samples.append(await asked_now(market))
        samples.append(
            await asked_now(market, Usage(input_tokens=1000, output_tokens=500, reasoning_tokens=100))
        )
    return samples


async def test_every_cost_is_what_it_was(market: Market, past: list[Sample]) -> None:
    market.restart()
    await market.pricing.load()
    totals = []
    for sample in past:
        found = await recompute(market.store, market.scope.book, market.quotes, sample)
        assert found.cost is not None
        assert found.cost == sample.cost
        assert found.basis == "history"
        totals.append(found.cost.total_usd)
    assert sum(totals) == sum(sample.cost.total_usd for sample in past if sample.cost is not None)
    # 150,000 plain, 100,000 cached and 50,000 written tokens; 600 answered, 400 thought: above 200,000.
    assert totals[0] == Decimal("0.3") + Decimal("0.02") + Decimal("0.15") + Decimal("0.0012") + Decimal(
        "0.0016"
    )
    assert len(set(totals)) == 10


async def test_a_price_for_each_request_counts(market: Market) -> None:
    for request_usd in ("0.005", "0.007"):
        market.clock.advance(DAY)
        asked = price("1", request_usd=Decimal(request_usd))
        await market.pricing.take("openai", [ListedModel(id="gpt-4o-mini", price=asked)], market.clock.now())
        market.clock.advance(60)
        sample = await asked_now(market, Usage(input_tokens=1000, output_tokens=1000))
        found = await recompute(market.store, market.scope.book, market.quotes, sample)
        assert found.cost is not None
        assert found.cost.total_usd == Decimal("0.002") + Decimal(request_usd)


async def test_what_was_not_priced_then_is_reckoned_at_what_is_known(market: Market) -> None:
    sample = await asked_now(market)
    assert sample.cost is None
    found = await recompute(market.store, market.scope.book, market.quotes, sample)
    assert (found.price, found.cost, found.basis) == (None, None, None)
    await market.sync_saying(1)
    found = await recompute(market.store, market.scope.book, market.quotes, sample)
    assert found.basis == "now"
    assert found.cost is not None
    assert found.cost.total_usd > 0


async def test_published_prices_are_dated_by_themselves(market: Market) -> None:
    market.restart(sources=("genai-prices",), fetch=False)
    await market.pricing.note()
    sample = await asked_now(market)
    market.clock.advance(30 * DAY)
    found = await recompute(market.store, market.scope.book, market.quotes, sample)
    assert found.basis == "published"
    assert found.cost == sample.cost


async def test_tokens_that_nobody_counted_cost_nothing_known(market: Market) -> None:
    await market.sync_saying(1)
    sample = await asked_now(market, Usage())
    found = await recompute(market.store, market.scope.book, market.quotes, sample)
    assert found.price is not None
    assert found.cost is None


async def test_an_attempt_that_was_under_way_when_the_price_changed(market: Market) -> None:
    await market.sync_saying(1)
    started = market.clock.now() + timedelta(seconds=1)
    await market.sync_saying(2)
    found = market.scope.book.price("openai", "gpt-4o-mini", OPENAI, started)
    assert found is not None
    assert found.rates.input_per_million_usd == 1
