"""Sources against each other, and what was charged against what was reckoned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from probe.config.probing import PriceConfig
from probe.facts.sample import Cost, Reported, Sample
from probe.pricing.checks import cost_factor
from tests.pricing.market import DAY, Market, listed
from tests.store.samples import a_sample

# Sources -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "factor"),
    [("1", "1", "1"), ("1", "1.25", "1.25"), ("1", "1.26", "1.26"), ("2", "1", "2"), ("0", "0", "1")],
)
async def test_beyond_the_bound_it_is_an_event(market: Market, ours: str, theirs: str, factor: str) -> None:
    await market.pricing.take("openai", [listed(ours)], market.clock.now())
    await market.sync_saying(float(theirs))
    (status,) = market.pricing.status().prices
    assert status.disagreement == Decimal(factor)
    told = await market.told("prices_disagree")
    assert len(told) == (Decimal(factor) > Decimal("1.25"))
    assert market.in_force() == Decimal(ours), "the provider is believed all the same"


async def test_nothing_against_something_is_beyond_every_bound(market: Market) -> None:
    await market.pricing.take("openai", [listed("0")], market.clock.now())
    await market.sync_saying(1)
    (event,) = await market.told("prices_disagree")
    assert event.data["factor"] is None
    (status,) = market.pricing.status().prices
    assert status.disagreement == Decimal("Infinity")


async def test_it_is_told_once_for_a_pair_and_what_it_says(market: Market) -> None:
    await market.pricing.take("openai", [listed("1")], market.clock.now())
    for usd in (2, 2, 3, 2):
        await market.sync_saying(usd)
    told = await market.told("prices_disagree")
    assert [event.text for event in told] == [
        "provider and models.dev disagree on openai/gpt-4o-mini: input 1 and 2 USD per million tokens",
        "provider and models.dev disagree on openai/gpt-4o-mini: input 1 and 3 USD per million tokens",
    ]


async def test_three_sources_are_compared_two_by_two(market: Market) -> None:
    market.restart(sources=("provider", "genai-prices", "models.dev"))
    await market.pricing.take("openai", [listed("1")], market.clock.now())
    await market.sync_saying(2)
    assert {(event.data["factor"]) for event in await market.told("prices_disagree")} == {
        "2",
        "6.6667",
        "13.3333",
    }


async def test_the_configuration_is_no_party_to_it(market: Market) -> None:
    """A discount is no mistake."""
    market.restart(
        overrides={
            "openai/gpt-4o-mini": PriceConfig.model_validate(
                {"input_per_million_usd": Decimal(99), "output_per_million_usd": Decimal(99)}
            )
        }
    )
    await market.sync_saying(1)
    assert await market.told("prices_disagree") == []
    (status,) = market.pricing.status().prices
    assert (status.source, status.disagreement) == ("configuration", None)


async def test_what_is_not_probed_is_not_compared(market: Market) -> None:
    await market.pricing.take("openai", [listed("1", "other")], market.clock.now())
    await market.sync_saying(2, model="other")
    assert await market.told("prices_disagree") == []


# Costs ---------------------------------------------------------------------------------------------------


async def a_charged_sample(market: Market, charged: str | None, reckoned: str | None) -> Sample:
    run_id = await market.store.runs.start(run_name="x", triggered_by="cli", suite="quick")
    cost = Cost(
        total_usd=Decimal(reckoned or 0),
        input_price_per_million_usd=Decimal("0.15"),
        output_price_per_million_usd=Decimal("0.6"),
        price_source="models.dev",
    )
    return a_sample(
        run_id,
        reported=None if charged is None else Reported(source="response", cost_usd=Decimal(charged)),
        cost=None if reckoned is None else cost,
    )


@pytest.mark.parametrize(
    ("charged", "reckoned", "factor"),
    [
        ("0.001", "0.001", "1"),
        ("0.001", "0.00125", "1.25"),
        ("0.003", "0.001", "3"),
        ("0", "0.001", "Infinity"),
        ("0", "0", "1"),
        (None, "0.001", None),
        ("0.001", None, None),
    ],
)
async def test_what_was_charged_against_what_was_reckoned(
    market: Market, charged: str | None, reckoned: str | None, factor: str | None
) -> None:
    sample = await a_charged_sample(market, charged, reckoned)
    assert cost_factor(sample) == (None if factor is None else Decimal(factor))
    await market.pricing.watch(sample)
    told = await market.told("cost_disagrees")
    assert len(told) == (factor is not None and Decimal(factor) > Decimal("1.25"))


async def test_a_cost_that_disagrees_is_told_once_at_a_price(market: Market) -> None:
    sample = await a_charged_sample(market, "0.003", "0.001")
    for _ in range(3):
        await market.pricing.watch(sample)
    market.restart()
    await market.pricing.watch(sample)
    (event,) = await market.told("cost_disagrees")
    assert event.text == (
        "openai charged 0.003 USD for a request to gpt-4o-mini that costs 0.001 USD by models.dev"
    )
    assert event.data["factor"] == "3"
    market.clock.advance(DAY)
    other = await a_charged_sample(market, "0.003", "0.001")
    assert other.cost is not None
    dearer = Cost(
        total_usd=Decimal("0.001"),
        input_price_per_million_usd=Decimal(1),
        output_price_per_million_usd=Decimal(1),
        price_source="models.dev",
    )
    await market.pricing.watch(replace(other, cost=dearer))
    assert len(await market.told("cost_disagrees")) == 2
