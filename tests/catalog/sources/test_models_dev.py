"""models.dev: its document, and what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.prices.price import Tier
from probe.catalog.prices.quote import Quote, SourcePrices
from probe.catalog.prices.sources.models_dev import models_dev_prices, parse
from probe.facts.rates import Rates

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPENAI = "https://api.openai.com/v1"


def document(cost: Any, *, provider: str = "openai", model: str = "gpt-x", **more: Any) -> bytes:
    """A document of one model, as https://github.com/anomalyco/models.dev describes it."""
    entry = {"id": provider, "env": ["KEY"], "name": provider, "models": {model: {"id": model, "cost": cost}}}
    return json.dumps({provider: {**entry, **more}}).encode()


def told(cost: Any, base_url: str = OPENAI, **more: Any) -> SourcePrices:
    return models_dev_prices(parse(document(cost, **more)), "mine", base_url, NOW)


def only(found: SourcePrices) -> Quote:
    (quote,) = found.quotes
    assert found.refused == ()
    return quote


def test_every_kind_of_token() -> None:
    cost = {"input": 2.5, "output": 15, "reasoning": 20.0, "cache_read": 0.25, "cache_write": 3.125}
    quote = only(told({**cost, "input_audio": 99}))
    assert (quote.source, quote.provider, quote.model) == ("models.dev", "mine", "gpt-x")
    assert quote.price.fetched_at == NOW
    assert quote.price.rates == Rates(
        input_per_million_usd=Decimal("2.5"),
        output_per_million_usd=Decimal(15),
        cached_input_per_million_usd=Decimal("0.25"),
        cache_write_per_million_usd=Decimal("3.125"),
        reasoning_per_million_usd=Decimal(20),
    )


def test_large_requests_have_tiers() -> None:
    tiers = [
        {"tier": {"type": "context", "size": 400000}, "input": 9, "output": 30},
        {"tier": {"size": 200000}, "input": 5, "output": 22.5, "cache_read": 0.5},
        {"tier": {"type": "weekday", "size": 1}, "input": 1, "output": 1},
    ]
    cost = {"input": 2.5, "output": 15, "tiers": tiers, "context_over_200k": {"input": 5, "output": 22}}
    assert only(told(cost)).price.tiers == (
        Tier(
            above_input_tokens=200_000,
            rates=Rates(
                input_per_million_usd=Decimal(5),
                output_per_million_usd=Decimal("22.5"),
                cached_input_per_million_usd=Decimal("0.5"),
            ),
        ),
        Tier(
            above_input_tokens=400_000,
            rates=Rates(input_per_million_usd=Decimal(9), output_per_million_usd=Decimal(30)),
        ),
    )


def test_the_old_name_of_a_tier() -> None:
    cost = {"input": 2.5, "output": 15, "context_over_200k": {"input": 5, "output": 22.5}}
    (tier,) = only(told(cost)).price.tiers
    assert (tier.above_input_tokens, tier.rates.output_per_million_usd) == (200_000, Decimal("22.5"))


@given(st.decimals(0, 1000, places=12), st.decimals(0, 1000, places=12))
def test_amounts_are_exact(input_usd: Decimal, output_usd: Decimal) -> None:
    cost = f'{{"input": {input_usd:f}, "output": {output_usd:f}}}'
    text = '{"openai": {"models": {"m": {"cost": ' + cost + "}}}}"
    price = only(models_dev_prices(parse(text.encode()), "mine", OPENAI, NOW)).price
    assert (price.rates.input_per_million_usd, price.rates.output_per_million_usd) == (input_usd, output_usd)


@pytest.mark.parametrize(
    ("provider", "base_url"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("togetherai", "https://api.together.ai/v1"),
        ("togetherai", "https://api.together.xyz/v1/"),
        ("openrouter", "https://openrouter.ai/api/v1"),
        ("google", "https://generativelanguage.googleapis.com/v1beta"),
        ("azure", "https://my-resource.openai.azure.com/openai/v1"),
    ],
)
def test_the_base_url_decides_whose_models_these_are(provider: str, base_url: str) -> None:
    assert only(told({"input": 1, "output": 2}, base_url, provider=provider)).provider == "mine"
    assert told({"input": 1, "output": 2}, "https://elsewhere.example/v1", provider=provider).quotes == ()


def test_a_provider_that_the_document_gives_the_url_of() -> None:
    found = told(
        {"input": 1, "output": 2},
        "https://api.new.example/v1",
        provider="new",
        api="https://api.new.example/v1/",
    )
    assert only(found).model == "gpt-x"


def test_what_costs_nothing_has_a_price_and_what_has_none_is_left_out() -> None:
    assert only(told({"input": 0, "output": 0})).price.rates.input_per_million_usd == 0
    assert told(None) == SourcePrices(at=NOW)


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        ({"input": -1, "output": 2}, "has a price that cannot be: input is negative"),
        ({"input": 1}, "has no price for output"),
        ({"input": "1", "output": 2}, "has a price for input that is no number"),
        ({"input": True, "output": 2}, "has a price for input that is no number"),
        ({"input": 1e9, "output": 2}, "has a price that cannot be: input is more than 1,000,000 USD"),
        ({"input": 1, "output": 1e-30}, "has a price that cannot be: output has more than 24 decimals"),
        (
            {"input": 1, "output": 2, "cache_read": -0.1},
            "has a price that cannot be: cached_input is negative",
        ),
        ({"input": 1, "output": 2, "currency": "EUR"}, "is priced in EUR, which is not USD"),
        ({"input": 1, "output": 2, "tiers": [{"tier": {"size": 0.5}}]}, "has a tier without a size"),
        ([1, 2], "has a cost that is no object"),
    ],
)
def test_what_cannot_be_a_price_is_kept_out_with_its_reason(cost: Any, reason: str) -> None:
    found = told(cost)
    assert found.quotes == ()
    assert [(refusal.model, refusal.reason) for refusal in found.refused] == [("gpt-x", reason)]


def test_one_bad_price_does_not_keep_the_others_out() -> None:
    models = {
        "bad": {"cost": {"input": -1, "output": 1}},
        "good": {"cost": {"input": 1, "output": 1}},
        "odd": 7,
    }
    found = models_dev_prices(parse(json.dumps({"openai": {"models": models}}).encode()), "mine", OPENAI, NOW)
    assert [quote.model for quote in found.quotes] == ["good"]
    assert [refusal.model for refusal in found.refused] == ["bad"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"[]",
        b"{}",
        b'{"openai": {"models": {}}}',
        b'{"openai": 5}',
        b'{"openai": {"models": {"m": {"cost": {"input": NaN, "output": 1}}}}}',
        b'{"openai": {"models": {"m": {"cost": {"input": 1',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"a": 1e99999999999999999999999}',
    ],
)
def test_a_document_that_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"no (JSON|list of providers)"):
        parse(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["input", "output", "tiers", "tier", "size", "type", "context_over_200k", "currency"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_cost_is_a_price_a_reason_or_nothing(cost: Any) -> None:
    found = told(cost)
    assert len(found.quotes) + len(found.refused) == (cost is not None)
