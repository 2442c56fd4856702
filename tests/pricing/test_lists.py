"""Prices in the shapes of real model lists, asked of a server over sockets, down to the row and the cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from probe.catalog.prices.quote import QuoteTable
from probe.config import Config
from probe.config.probing import ProviderConfig, TargetConfig
from probe.config.values import FrozenDict
from probe.discovery.sync import Discovery
from probe.facts.sample import Usage
from probe.pricing.scope import scope_of_config
from tests.discovery.lists import Lists, listed_provider, listing_server
from tests.discovery.requests import closing_providers
from tests.pricing.market import DAY, KEY, Market

# https://openrouter.ai/docs/api/api-reference/models/get-models
OPENROUTER = {
    "data": [
        {
            "id": "anthropic/claude-sonnet-4.5",
            "context_length": 1_000_000,
            "pricing": {
                "prompt": "0.000003",
                "completion": "0.000015",
                "request": "0.005",
                "input_cache_read": "0.0000003",
                "input_cache_write": "0.00000375",
                "overrides": [
                    {"min_prompt_tokens": 200_001, "prompt": "0.000006", "completion": "0.0000225"},
                ],
            },
        },
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    ]
}
# https://github.com/togethercomputer/openapi/blob/main/openapi.yaml
TOGETHER = [
    {
        "id": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "object": "model",
        "created": 1,
        "type": "chat",
        "pricing": {"hourly": 0, "input": 0.88, "output": 0.88, "base": 0, "finetune": 0},
    }
]
TOGETHER_2 = {
    "data": [
        {
            "id": "deepseek-ai/DeepSeek-V4",
            "status": "RECOMMENDED",
            "contextLength": "131072",
            "pricing": {"input": 0.6, "output": 1.7, "cachedInput": 0.06},
        }
    ]
}


@pytest.fixture
def lists() -> Iterator[Lists]:
    with listing_server() as running:
        yield running


async def discover(market: Market, lists: Lists, answer: Any) -> None:
    """The provider `openai` of the market, which answers with another provider's list."""
    lists.answer = lambda *_: answer
    asked = listed_provider(lists.url, name="openai")
    async with closing_providers(asked):
        (report,) = await Discovery(market.store, market.clock, prices=market.pricing).sync([asked], "cli")
    assert report.complete, report.error


@pytest.mark.parametrize(
    ("answer", "model", "usage", "usd"),
    [
        (OPENROUTER, "anthropic/claude-sonnet-4.5", Usage(input_tokens=1000, output_tokens=1000), "0.023"),
        (
            OPENROUTER,
            "anthropic/claude-sonnet-4.5",
            Usage(input_tokens=1000, output_tokens=0, cached_input_tokens=500, cache_write_tokens=100),
            "0.006725",
        ),
        (OPENROUTER, "anthropic/claude-sonnet-4.5", Usage(input_tokens=200_001, output_tokens=0), "1.205006"),
        (TOGETHER, TOGETHER[0]["id"], Usage(input_tokens=1000, output_tokens=1000), "0.00176"),
        (
            TOGETHER_2,
            "deepseek-ai/DeepSeek-V4",
            Usage(input_tokens=1000, output_tokens=1000, cached_input_tokens=1000),
            "0.00176",
        ),
    ],
)
async def test_a_listed_price_is_what_a_request_costs(
    market: Market, lists: Lists, answer: Any, model: str, usage: Usage, usd: str
) -> None:
    await discover(market, lists, answer)
    price = market.scope.book.price("openai", model, market.base_url, market.clock.now())
    assert price is not None
    cost = market.scope.book.cost(price, usage)
    assert cost is not None
    assert cost.total_usd == Decimal(usd)
    (row,) = await market.store.prices.history("openai", model)
    assert row.price.source == "openai"


async def test_what_is_no_price_is_left_out(market: Market, lists: Lists) -> None:
    await discover(market, lists, OPENROUTER)
    assert market.in_force("openrouter/auto") is None


async def test_a_listed_price_that_jumps_waits(market: Market, lists: Lists) -> None:
    await discover(market, lists, TOGETHER)
    market.clock.advance(DAY)
    wrong = [{**TOGETHER[0], "pricing": {"input": 880, "output": 880}}]
    await discover(market, lists, wrong)
    assert market.in_force(str(TOGETHER[0]["id"])) == Decimal("0.88")
    assert (await market.only_held()).reason == "input from 0.88 to 880 USD, a factor of 1000"


@pytest.mark.parametrize(
    ("preset", "own", "priced"),
    [("openai", True, True), ("openai", False, False), ("openai-compatible", True, False)],
)
async def test_published_prices_of_a_preset_hold_behind_a_gateway(
    preset: str, own: bool, priced: bool
) -> None:
    """Unless the configuration says otherwise; an unknown model has none."""
    base_url = "http://127.0.0.1:9/v1"
    config = Config(
        providers=FrozenDict(
            {"p": ProviderConfig(preset=preset, base_url=base_url, api_key=KEY, published_prices=own)}
        ),
        targets=(TargetConfig(provider="p", model="gpt-4o-mini"),),
    )
    book = scope_of_config(config, QuoteTable()).book
    price = book.price("p", "gpt-4o-mini", base_url, datetime(2026, 6, 1, tzinfo=UTC))
    assert (price is not None) is priced
    assert book.price("p", "of-nobody", base_url, datetime(2026, 6, 1, tzinfo=UTC)) is None


async def test_a_list_without_a_unit_waits_until_somebody_confirms_it(market: Market, lists: Lists) -> None:
    """In the store, with its reason; another source that agrees is enough."""
    pricing = {"prompt": 0.0005, "completion": 0.0015}
    await discover(market, lists, {"data": [{"id": "of-nobody", "pricing": pricing}]})
    assert market.in_force("of-nobody") is None
    assert (await market.only_held()).reason == (
        "its unit is not stated, and no unit would make it a likely price"
    )
    pricing = {"prompt": 0.00015, "completion": 0.0006}
    await discover(market, lists, {"data": [{"id": "gpt-4o-mini", "pricing": pricing}]})
    assert market.in_force("gpt-4o-mini") == Decimal("0.15")


async def test_a_list_in_another_currency_gives_no_price(market: Market, lists: Lists) -> None:
    entry = {"id": "m", "currency": "CNY", "pricing": {"unit": "per_1m_tokens", "prompt": 1, "completion": 2}}
    await discover(market, lists, {"data": [entry]})
    assert market.in_force("m") is None
