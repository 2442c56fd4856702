"""Prices in the lists of many hosts: in USD a million tokens, or doubted with a reason; never otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from probe.catalog.prices.belief import band_problem, believed
from probe.catalog.prices.price import Price, cost_of
from probe.catalog.prices.quote import Quote
from probe.facts.rates import Rates
from probe.facts.sample import Usage
from probe.providers.openai_list.price import ShownPrice, price_in

ELSEWHERE = "https://llm.example/v1"


def shown(entry: dict[str, Any], base_url: str = ELSEWHERE, **page: Any) -> ShownPrice:
    return price_in({"id": "m", **entry}, "acme", base_url, page)


def amounts(price: Price | None) -> list[Decimal]:
    assert price is not None
    return list(price.rates.stated().values())


# Shapes of the documentation, or of what is reported of them: `probe.providers.openai_list.price` has the
# sources. Amounts are in the order of `Rates`.
HOSTS = [
    (
        "https://openrouter.ai/api/v1",
        {"pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"}},
        ["3", "0.3", "15"],
    ),
    (
        "https://llm.chutes.ai/v1",
        {
            "pricing": {"prompt": 0.28, "completion": 0.42, "input_cache_read": 0.14},
            "price": {"input": {"tao": 0.0008, "usd": 0.28}, "output": {"tao": 0.0012, "usd": 0.42}},
        },
        ["0.28", "0.14", "0.42"],
    ),
    (
        "https://api.together.xyz/v1",
        {"pricing": {"hourly": 0, "input": 0.88, "output": 0.88}},
        ["0.88", "0.88"],
    ),
    (
        "https://ai-gateway.vercel.sh/v1",
        {"pricing": {"input": "0.0000012", "output": "0.000006", "input_cache_read": "0.00000024"}},
        ["1.2", "0.24", "6"],
    ),
    (
        "https://api.deepinfra.com/v1/openai",
        {"metadata": {"pricing": {"input_tokens": 0.07, "output_tokens": 0.3, "cache_read_tokens": 0.035}}},
        ["0.07", "0.035", "0.3"],
    ),
    (
        "https://api.tokenfactory.nebius.com/v1",
        {"pricing": {"prompt": "0.00000013", "completion": "0.0000004", "request": "0"}},
        ["0.13", "0.4"],
    ),
    (
        "https://api.sambanova.ai/v1",
        {"pricing": {"prompt": "0.00000060", "completion": "0.00000120", "duration_per_hour": "0"}},
        ["0.6", "1.2"],
    ),
    (
        "https://api.cerebras.ai/v1",
        {"pricing": {"prompt": "0.00000035", "completion": "0.00000075"}},
        ["0.35", "0.75"],
    ),
    (
        "https://router.requesty.ai/v1",
        {"input_price": 3e-06, "output_price": 1.5e-05, "caching_price": 3.75e-06, "cached_price": 3e-07},
        ["3", "0.3", "3.75", "15"],
    ),
    (
        "https://api.venice.ai/api/v1",
        {"model_spec": {"pricing": {"input": {"usd": 0.5, "diem": 0.5}, "output": {"usd": 2, "diem": 2}}}},
        ["0.5", "2"],
    ),
    (
        "https://router.huggingface.co/v1",
        {"providers": [{"provider": "together", "pricing": {"input": 0.6, "output": 1.7}}]},
        ["0.6", "1.7"],
    ),
    (
        "https://api.x.ai/v1",
        {"prompt_text_token_price": 30000, "completion_text_token_price": 150000},
        ["3", "15"],
    ),
    (
        "https://glama.ai/api/gateway/v1",
        {"pricePerToken": {"input": "0.000002", "output": "0.000008"}},
        ["2", "8"],
    ),
    (
        "https://litellm.example/v1",
        {
            "model_info": {
                "input_cost_per_token": 2.5e-06,
                "output_cost_per_token": 1e-05,
                "cache_read_input_token_cost": 1.25e-06,
                "input_cost_per_token_batches": 1.25e-06,
                "input_cost_per_token_above_200k_tokens": 5e-06,
            }
        },
        ["2.5", "1.25", "10"],
    ),
    (
        "https://zenmux.ai/api/v1",
        {
            "pricings": {
                "prompt": [{"value": 0.27, "unit": "perMTokens", "currency": "USD"}],
                "completion": [{"value": 1.1, "unit": "perMTokens", "currency": "USD"}],
            }
        },
        ["0.27", "1.1"],
    ),
    (
        "https://api.inference.example/v1",
        {"pricing": {"cents_per_input_token": 0.00003, "cents_per_output_token": 0.00006}},
        ["0.3", "0.6"],
    ),
    (
        "https://api.synthetic.new/openai/v1",
        {
            "pricing": {
                "prompt": "$0.00000055",
                "completion": "$0.00000219",
                "input_cache_reads": "$0.00000055",
            }
        },
        ["0.55", "0.55", "2.19"],
    ),
    (
        "https://api.poe.com/v1",
        {"pricing": {"prompt": "0.000003", "completion": "0.000015", "image": None, "request": None}},
        ["3", "15"],
    ),
    (
        "https://agents.pinata.cloud/v0/llm",
        {
            "input_usd_per_1m_tokens": 3.0,
            "output_usd_per_1m_tokens": 15.0,
            "cache_read_usd_per_1m_tokens": 0.3,
        },
        ["3", "0.3", "15"],
    ),
    ("https://x.example/v1", {"inputCostPer1MTokens": 0.5, "outputCostPer1MTokens": 1.5}, ["0.5", "1.5"]),
    (
        "https://x.example/v1",
        {"pricing": {"prompt_per_1k_tokens": 0.001, "completion_per_1k_tokens": 0.002}},
        ["1", "2"],
    ),
]


@pytest.mark.parametrize(("base_url", "entry", "usd"), HOSTS)
def test_a_known_host_is_read_in_its_unit(base_url: str, entry: dict[str, Any], usd: list[str]) -> None:
    found = shown(entry, base_url)
    assert found.doubt is None
    assert amounts(found.price) == [Decimal(each) for each in usd]


# What the same lists hold beside it: no price of tokens, or one to look at first.
HELD: list[tuple[str, dict[str, Any], str | None]] = [
    (
        "https://openrouter.ai/api/v1",
        {"pricing": {"prompt": "-1", "completion": "-1", "request": "-1"}},
        None,
    ),
    (
        "https://api.together.xyz/v1",
        {"type": "image", "pricing": {"input": 0, "output": 0, "base": 0.04}},
        "0 ",
    ),
    ("https://api.together.xyz/v1", {"pricing": {"hourly": 6.6, "input": 0, "output": 0}}, "0 for all"),
    ("https://router.requesty.ai/v1", {"input_price": 0, "output_price": 0}, "0 for all"),
    (
        "https://api.novita.ai/v3/openai",
        {"input_token_price_per_m": 0, "output_token_price_per_m": 0},
        "0 for",
    ),
    ("https://api.deepinfra.com/v1/openai", {"metadata": {"pricing": {"per_image_unit": 0.05}}}, None),
    ("https://ai-gateway.vercel.sh/v1", {"type": "image", "pricing": {"image": "0.04"}}, None),
    ("https://llm.chutes.ai/v1", {"price": {"input": {"tao": 0.0008}, "output": {"tao": 0.0012}}}, None),
    ("https://litellm.example/v1", {"model_info": {"input_cost_per_second": 0.0004}}, None),
    (
        "https://litellm.example/v1",
        {"model_info": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}},
        "0 for all",
    ),
    (
        "https://router.huggingface.co/v1",
        {"providers": [{"pricing": {"input": 0.6, "output": 1.7}}, {"pricing": {"input": 1, "output": 2}}]},
        None,
    ),
    ("https://api.groq.com/openai/v1", {"owned_by": "Meta", "active": True, "context_window": 131072}, None),
    ("https://api.mistral.ai/v1", {"capabilities": {"completion_chat": True}, "aliases": []}, None),
    ("https://api.fireworks.ai/inference/v1", {"supports_chat": True, "context_length": 131072}, None),
    ("https://x.example/v1", {"pricing": {"prompt": "€0.2", "completion": "€0.6"}}, "priced in €"),
]


@pytest.mark.parametrize(("base_url", "entry", "reason"), HELD)
def test_what_is_no_price_of_tokens_is_none_or_held_with_a_reason(
    base_url: str, entry: dict[str, Any], reason: str | None
) -> None:
    found = shown(entry, base_url)
    if reason is None:
        assert (found.price, found.doubt) == (None, None)
    else:
        assert found.doubt is not None
        assert reason in found.doubt


def test_at_least_twelve_hosts_are_in_the_tables() -> None:
    named = {urlsplit(base_url).hostname for base_url, *_ in HOSTS if ".example" not in base_url}
    assert len(named) >= 12


@pytest.mark.parametrize(("_", "entry", "usd"), HOSTS)
def test_the_same_list_behind_another_name_is_never_in_another_unit(
    _: str, entry: dict[str, Any], usd: list[str]
) -> None:
    found = shown(entry)
    assert found.doubt is None
    assert amounts(found.price) == [Decimal(each) for each in usd]


def test_novita_s_unit_is_only_sure_at_novita() -> None:
    entry = {"input_token_price_per_m": 2690, "output_token_price_per_m": 4000}
    sure, doubted = (
        shown(entry, "https://api.novita.ai/openai/v1"),
        shown({"input_token_price_per_m": 200_000, "output_token_price_per_m": 400_000}),
    )
    assert (amounts(sure.price), sure.doubt) == ([Decimal("0.269"), Decimal("0.4")], None)
    assert doubted.doubt == "its unit is not stated, and several units would make it a likely price"


@pytest.mark.parametrize(
    "unit",
    [
        "per_1m_tokens",
        "per_million_tokens",
        "1M tokens",
        "USD/1M tokens",
        "$ per million tokens",
        "perMTokens",
        1_000_000,
    ],
)
def test_a_stated_million_counts(unit: Any) -> None:
    found = shown(
        {"pricing": {"prompt": 0.15, "completion": 0.6, "unit": unit}}, "https://openrouter.ai/api/v1"
    )
    assert (amounts(found.price), found.doubt) == ([Decimal("0.15"), Decimal("0.6")], None)


@pytest.mark.parametrize(
    ("unit", "prompt", "completion"),
    [
        ("per_1k_tokens", 0.00015, 0.0006),
        ("per thousand tokens", 0.00015, 0.0006),
        ("per_token", "0.00000015", "0.0000006"),
        ("token", "0.00000015", "0.0000006"),
    ],
)
@pytest.mark.parametrize("place", ["pricing", "entry", "page"])
def test_any_stated_unit_counts_wherever_it_stands(
    unit: str, prompt: Any, completion: Any, place: str
) -> None:
    pricing = {"prompt": prompt, "completion": completion, **({"unit": unit} if place == "pricing" else {})}
    entry = {"pricing": pricing, **({"pricing_unit": unit} if place == "entry" else {})}
    found = shown(entry, **({"unit": unit} if place == "page" else {}))
    assert (amounts(found.price), found.doubt) == ([Decimal("0.15"), Decimal("0.6")], None)


@pytest.mark.parametrize(
    ("entry", "base_url", "word"),
    [
        (
            {"currency": "CNY", "pricing": {"unit": "per_1m_tokens", "prompt": 1, "completion": 2}},
            ELSEWHERE,
            "CNY",
        ),
        ({"pricing": {"input_token": 0.37, "output_token": 1.2, "currency": "EUR"}}, ELSEWHERE, "EUR"),
        ({"pricing": {"input": 1, "output": 2, "unit": "CNY/1M tokens"}}, ELSEWHERE, "CNY"),
        ({"pricing": {"input": 1, "output": 2, "unit": "元/百万tokens"}}, ELSEWHERE, "元"),
        ({"pricing": {"prompt": 1, "completion": 2, "currency": "credits"}}, ELSEWHERE, "credits"),
        (
            {"input_token_price_per_m": 20000, "output_token_price_per_m": 40000},
            "https://api.ppinfra.com/v3/openai",
            "CNY",
        ),
    ],
)
def test_what_is_not_usd_is_no_price(entry: dict[str, Any], base_url: str, word: str) -> None:
    found = shown(entry, base_url)
    assert found.price is None
    assert found.doubt == f"is priced in {word}, which is not converted to USD"


@pytest.mark.parametrize("unit", ["per_image", "per request", "per_1k_characters", "per second", "per hour"])
def test_what_is_not_charged_by_the_token_is_no_price(unit: str) -> None:
    found = shown({"pricing": {"input": 0.1, "output": 0.2, "unit": unit}})
    assert found.price is None
    assert found.doubt == f"is priced by {unit!r}, which is no number of tokens"


@pytest.mark.parametrize(
    ("base_url", "pricing"),
    [
        ("https://openrouter.ai/api/v1", {"prompt": 0.28, "completion": 0.42}),
        ("https://api.together.xyz/v1", {"input": "0.00000088", "output": "0.00000088"}),
        (ELSEWHERE, {"prompt": 5000, "completion": 9000}),
        (ELSEWHERE, {"prompt": 0.0005, "completion": 0.0015}),
        (ELSEWHERE, {"prompt": 0, "completion": 0}),
        (ELSEWHERE, {"prompt": 1.5, "completion": 2, "request": 5}),
        (ELSEWHERE, {"prompt": 1.5, "completion": 2, "unit": "per_token"}),
    ],
)
def test_what_nobody_charges_is_doubted(base_url: str, pricing: dict[str, Any]) -> None:
    assert shown({"pricing": pricing}, base_url).doubt is not None


def test_what_is_called_free_is_free() -> None:
    for name in ("m:free", "meta/Llama-Turbo-Free"):
        assert shown({"id": name, "pricing": {"prompt": "0", "completion": "0"}}).doubt is None
    assert (
        shown({"pricing": {"prompt": "0", "completion": "0"}}, "https://openrouter.ai/api/v1").doubt is None
    )


def test_tiers_are_in_the_unit_of_the_rest() -> None:
    """Vercel's, from so many tokens on."""
    pricing = {
        "input": "0.0000012",
        "output": "0.000006",
        "input_tiers": [{"cost": "0.0000012", "min": 0, "max": 32001}, {"cost": "0.0000024", "min": 32001}],
        "output_tiers": [{"cost": "0.000006", "min": 0, "max": 32001}, {"cost": "0.000012", "min": 32001}],
    }
    price = shown({"pricing": pricing}).price
    assert price is not None
    assert price.rates_for(32_000) == price.rates
    assert price.rates_for(32_001).output_per_million_usd == 12


# Belief -----------------------------------------------------------------------------------------------------


def price(given: str, made: str) -> Price:
    rates = Rates(input_per_million_usd=Decimal(given), output_per_million_usd=Decimal(made))
    return Price(rates=rates, source="another")


def quote(found: ShownPrice) -> Quote:
    assert found.price is not None
    return Quote(
        source="provider",
        provider="p",
        model="m",
        price=found.price,
        readings=found.readings,
        doubt=found.doubt,
    )


def test_another_source_tells_the_unit() -> None:
    """USD a thousand tokens, which nobody would guess."""
    found = quote(shown({"pricing": {"prompt": 0.0005, "completion": 0.0015}}))
    counts, doubt = believed(found, [price("0.4", "1.6")])
    assert (amounts(counts), doubt) == ([Decimal("0.5"), Decimal("1.5")], None)
    assert believed(found, [])[1] is not None
    assert believed(found, [price("4", "16")])[1] is not None


def test_a_likely_price_that_others_put_elsewhere_waits() -> None:
    """USD a thousand tokens that looks like a small model's price."""
    found = quote(shown({"pricing": {"prompt": 0.01, "completion": 0.03}}))
    assert believed(found, []) == (found.price, None)
    counts, doubt = believed(found, [price("10", "30")])
    assert (amounts(counts), doubt) == ([Decimal(10), Decimal(30)], None)
    assert believed(found, [price("70", "200")])[1] is not None


def test_no_price_in_the_band_makes_a_short_request_dear() -> None:
    dearest = price("200", "800")
    assert band_problem(dearest) is None
    cost = cost_of(dearest, Usage(input_tokens=20, output_tokens=6))
    assert cost is not None
    assert cost.total_usd < Decimal("0.01")
    assert band_problem(price("201", "800")) is not None
