"""Prices over real HTTP: in force, as sources say, held, and before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.api.serving import Served
from tests.store.knowledge import a_dated_price, a_quote
from tests.store.samples import NOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASE_URLS = {"openai": "https://api.openai.com/v1", "router": "https://openrouter.ai/api/v1"}


async def items(served: Served, path: str, **parameters: str) -> list[dict[str, Any]]:
    response = await served.client.get(f"/api/v1/{path}", params=parameters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def fill(served: Served) -> None:
    """Two models with a price, one of which changed and of which a source speaks twice."""
    before = a_dated_price("0.10", at=NOW - timedelta(days=1))
    await served.store.prices.record_all(
        [("openai", "gpt-4o-mini", before), ("router", "meta/llama:free", before)], BASE_URLS
    )
    await served.store.prices.record_all([("openai", "gpt-4o-mini", a_dated_price("0.15"))], BASE_URLS)
    await served.store.quotes.save([a_quote("0.15"), a_quote("0.16", source="provider")])
    await served.store.quotes.save([a_quote("15", status="held", reason="input from 0.15 to 15 USD")])


async def test_what_is_in_force_with_what_sources_say(fresh: Served) -> None:
    await fill(fresh)
    first, second = await items(fresh, "prices")
    assert (first["provider"], first["model"]) == ("openai", "gpt-4o-mini")
    assert (first["price"]["input_per_million_usd"], first["price"]["at"]) == ("0.15", "2026-03-01T12:00:00Z")
    assert first["price"]["request_usd"] == "0.0001"
    assert [(said["source"], said["input_per_million_usd"]) for said in first["said"]] == [
        ("models.dev", "0.15"),
        ("provider", "0.16"),
    ]
    assert first["said"][0]["fetched_at"] == "2026-03-01T12:00:00Z"
    assert (second["model"], second["said"]) == ("meta/llama:free", [])


async def test_prices_of_one_provider_or_model(fresh: Served) -> None:
    await fill(fresh)
    assert [each["provider"] for each in await items(fresh, "prices", provider="router")] == ["router"]
    assert [each["provider"] for each in await items(fresh, "prices", model="gpt-4o-mini")] == ["openai"]
    assert await items(fresh, "prices", provider="openai", model="no-such") == []


async def test_the_history_of_a_model(fresh: Served) -> None:
    await fill(fresh)
    history = await items(fresh, "prices/history", provider="openai", model="gpt-4o-mini")
    assert [Decimal(row["input_per_million_usd"]) for row in history] == [Decimal("0.10"), Decimal("0.15")]
    free = await items(fresh, "prices/history", provider="router", model="meta/llama:free")
    assert len(free) == 1
    assert await items(fresh, "prices/history", provider="nobody", model="x") == []
    response = await fresh.client.get("/api/v1/prices/history", params={"provider": "openai"})
    assert response.status_code == 422


async def test_what_waits_for_review(fresh: Served) -> None:
    assert await items(fresh, "prices/held") == []
    await fill(fresh)
    (held,) = await items(fresh, "prices/held")
    assert (held["provider"], held["model"], held["source"]) == ("openai", "gpt-4o-mini", "models.dev")
    assert (held["price"]["input_per_million_usd"], held["reason"]) == ("15", "input from 0.15 to 15 USD")
    assert await fresh.store.quotes.decide({(await fresh.store.quotes.held())[0].id: False}, NOW)
    assert await items(fresh, "prices/held") == []


async def test_no_digit_is_lost(fresh: Served) -> None:
    quote = a_quote()
    exact = replace(quote.price.rates, input_per_million_usd=Decimal("0.0000000001234567890123456789"))
    await fill(fresh)
    await fresh.store.quotes.save([replace(quote, price=replace(quote.price, rates=exact))])
    first, _ = await items(fresh, "prices")
    assert first["said"][0]["input_per_million_usd"] == "0.0000000001234567890123456789"
