"""Prices that jump wait for somebody to decide; the old ones stay in force."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from probe.catalog.prices.sources import genai
from probe.store.quotes import QuoteRecord
from tests.pricing.market import DAY, Market, listed, price

JUMPS = ["10.01", "0.0999", "0"]


@pytest.mark.parametrize("usd", JUMPS)
async def test_a_jump_is_held_and_the_old_price_stays(market: Market, usd: str) -> None:
    await market.sync_saying(1)
    done = await market.sync_saying(float(usd))
    assert [quote.model for quote in done.sources[-1].held] == ["gpt-4o-mini"]
    assert market.in_force() == 1
    assert await market.noted() == [1]
    held = await market.only_held()
    assert held.price.rates.input_per_million_usd == Decimal(usd)
    assert market.pricing.status().held == 1
    (event,) = await market.told()
    assert (event.kind, event.severity, event.key) == ("price_held", "warning", str(held.id))
    assert "1 in, 1 out stays in force until `probe prices review`" in event.text


async def test_from_nothing_to_something_is_a_jump(market: Market) -> None:
    await market.sync_saying(0)
    await market.sync_saying(1)
    assert market.in_force() == 0
    assert (await market.only_held()).reason == "input from 0 to 1 USD"


async def test_the_bound_is_configured(market: Market) -> None:
    market.restart(sections={"jump_ratio": 2})
    await market.sync_saying(1)
    await market.sync_saying(2.1)
    assert market.in_force() == 1


async def test_jumps_of_model_lists_are_held_too(market: Market) -> None:
    await market.pricing.take("openai", [listed("1")], market.clock.now())
    events = await market.pricing.take("openai", [listed("1000")], market.clock.now())
    assert [event.kind for event in events] == ["price_held"]
    assert market.in_force() == 1


async def test_what_is_held_is_told_once(market: Market) -> None:
    await market.sync_saying(1)
    for _ in range(3):
        await market.sync_saying(100)
    first = await market.only_held()
    assert len(await market.told("price_held")) == 1
    await market.sync_saying(200)
    assert (await market.only_held()).id != first.id
    assert len(await market.told("price_held")) == 2


async def test_who_takes_it_back_has_nothing_to_be_reviewed(market: Market) -> None:
    await market.sync_saying(1)
    await market.sync_saying(100)
    await market.sync_saying(1)
    assert await market.store.quotes.held() == ()
    assert market.pricing.status().held == 0
    await market.sync_saying(100)
    assert len(await market.told("price_held")) == 2, "the second time is news again"


# Decisions ------------------------------------------------------------------------------------------------


async def test_an_accepted_price_is_in_force_from_then_on(market: Market) -> None:
    await market.sync_saying(1)
    await market.sync_saying(100)
    market.clock.advance(DAY)
    (decided,) = await market.pricing.decide({(await market.only_held()).id: True})
    assert decided.status == "current"
    assert market.in_force() == 100
    history = await market.store.prices.history("openai", "gpt-4o-mini")
    assert [row.price.rates.input_per_million_usd for row in history] == [1, 100]
    assert history[1].at == market.clock.now()
    assert sorted(event.kind for event in await market.told()) == [
        "price_accepted",
        "price_changed",
        "price_held",
    ]
    await market.sync_saying(100)
    assert await market.store.quotes.held() == ()


async def test_a_rejected_price_is_not_asked_about_again(market: Market) -> None:
    await market.sync_saying(1)
    await market.sync_saying(100)
    await market.pricing.decide({(await market.only_held()).id: False})
    assert market.in_force() == 1
    for _ in range(2):
        await market.sync_saying(100)
    assert await market.store.quotes.held() == ()
    assert market.in_force() == 1
    assert sorted(event.kind for event in await market.told()) == ["price_held", "price_rejected"]
    await market.sync_saying(101)
    assert (await market.only_held()).price.rates.input_per_million_usd == 101


async def test_what_is_not_held_cannot_be_decided(market: Market) -> None:
    assert await market.pricing.decide({uuid4(): True}) == ()
    assert await market.told() == []


async def test_a_decision_in_another_process_is_taken_over(market: Market) -> None:
    await market.sync_saying(1)
    await market.sync_saying(100)
    daemon, scope = market.pricing, market.scope
    market.restart()
    await market.pricing.decide({(await market.only_held()).id: True})
    await daemon.load()
    found = scope.book.price("openai", "gpt-4o-mini", market.base_url, market.clock.now())
    assert found is not None
    assert found.rates.input_per_million_usd == 100
    assert daemon.status().held == 0


async def test_thousands_that_jump_at_once_are_all_held(market: Market) -> None:
    """A list that changes its unit."""
    models = [f"model-{number:04}" for number in range(2000)]
    await market.pricing.take("openai", [listed("1", model) for model in models], market.clock.now())
    await market.pricing.take("openai", [listed("1000", model) for model in models], market.clock.now())
    assert len(await market.store.quotes.held()) == 2000
    assert market.in_force("model-1999") == 1
    market.clock.advance(DAY)
    held = await market.store.quotes.held()
    verdicts = {quote.id: quote.model != "model-0000" for quote in held}
    assert len(await market.pricing.decide(verdicts)) == 2000
    assert await market.store.quotes.held() == ()
    assert market.in_force("model-0000") == 1
    assert market.in_force("model-1999") == 1000


# Published prices -----------------------------------------------------------------------------------------


async def test_a_published_price_that_jumps_with_an_update_is_held_too(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.restart(sources=("genai-prices",), fetch=False)
    await market.pricing.note()
    assert market.in_force() == Decimal("0.15")
    update(monkeypatch, "0.00015")
    await market.pricing.note()
    assert market.in_force() == Decimal("0.15")
    held: QuoteRecord = await market.only_held()
    assert (held.source, held.price.rates.input_per_million_usd) == ("genai-prices", Decimal("0.00015"))
    market.restart()
    await market.pricing.load()
    assert market.in_force() == Decimal("0.15"), "also after a restart"
    await market.pricing.decide({held.id: True})
    assert market.in_force() == Decimal("0.00015")
    assert await market.noted() == [Decimal("0.15"), Decimal("0.00015")]


async def test_a_rejected_published_price_never_counts(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.restart(sources=("genai-prices",), fetch=False)
    await market.pricing.note()
    update(monkeypatch, "150")
    await market.pricing.note()
    await market.pricing.decide({(await market.only_held()).id: False})
    await market.pricing.note()
    assert await market.store.quotes.held() == ()
    assert market.in_force() == Decimal("0.15")


def update(monkeypatch: pytest.MonkeyPatch, usd: str) -> None:
    """As another version of the data would: every price becomes this one."""
    monkeypatch.setattr(genai, "_price", lambda *_: price(usd))
