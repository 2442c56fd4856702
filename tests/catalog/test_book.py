"""Prices: whose word counts, what they were when, and what is unknown."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

import pytest

from probe.catalog.prices.book import PriceBook
from probe.config.probing import PriceConfig
from probe.facts.sample import Usage
from probe.providers.presets import PRESETS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPENAI = "https://api.openai.com/v1"
LOCAL = "http://127.0.0.1:8080/v1"
GENAI = f"genai-prices {version('genai-prices')}"


def book(**overrides: PriceConfig) -> PriceBook:
    return PriceBook({key.replace("__", "/"): price for key, price in overrides.items()})


def test_a_published_price() -> None:
    price = book().price("openai", "gpt-4o-mini", OPENAI, NOW)
    assert price is not None
    assert price.rates.input_per_million_usd == Decimal("0.15")
    assert price.rates.output_per_million_usd == Decimal("0.6")
    assert price.rates.cached_input_per_million_usd == Decimal("0.075")
    assert price.source == GENAI


@pytest.mark.parametrize("name", ["openai", "groq", "together", "openrouter"])
def test_the_default_model_of_a_preset_has_a_price(name: str) -> None:
    preset = PRESETS[name]
    assert preset.base_url is not None
    for model in preset.default_models:
        price = book().price(name, model, preset.base_url, NOW)
        assert price is not None
        assert price.rates.output_per_million_usd > 0


def test_the_base_url_decides_whose_price_it_is() -> None:
    assert book().price("my-second-account", "gpt-4o-mini", OPENAI, NOW) is not None
    assert book().price("openai", "gpt-4o-mini", "https://gateway.example/v1", NOW) is None


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        (OPENAI, "no-such-model"),
        ("https://nobody.example/v1", "gpt-4o-mini"),
        (LOCAL, "gpt-4o-mini"),
        (LOCAL, "sim"),
        (OPENAI, "text-embedding-3-small"),  # no price for output
        (OPENAI, ""),
    ],
)
def test_an_unknown_price_is_none(base_url: str, model: str) -> None:
    assert book().price("openai", model, base_url, NOW) is None


def test_the_price_of_then() -> None:
    claude = ("anthropic", "claude-sonnet-4-6", "https://api.anthropic.com/v1")
    before = book().price(*claude, datetime(2026, 2, 1, tzinfo=UTC))
    after = book().price(*claude, NOW)
    assert before is not None
    assert after is not None
    assert after.effective_on == date(2026, 3, 13)
    assert before.effective_on is None
    long_prompt = Usage(input_tokens=300_000, output_tokens=1000)
    cost_before, cost_after = book().cost(before, long_prompt), book().cost(after, long_prompt)
    assert cost_before is not None
    assert cost_after is not None
    # Above 200,000 tokens: 6 and 22.5 USD per million then, 3 and 15 later.
    assert cost_before.total_usd == Decimal("1.8225")
    assert cost_before.input_price_per_million_usd == Decimal(6)
    assert cost_after.total_usd == Decimal("0.915")


def test_the_tier_begins_above_its_threshold() -> None:
    price = book().price(
        "a", "claude-sonnet-4-6", "https://api.anthropic.com/v1", datetime(2026, 2, 1, tzinfo=UTC)
    )
    assert price is not None
    at_threshold = book().cost(price, Usage(input_tokens=200_000, output_tokens=0))
    above = book().cost(price, Usage(input_tokens=200_001, output_tokens=0))
    assert at_threshold is not None
    assert above is not None
    assert at_threshold.total_usd == Decimal("0.6")
    assert above.total_usd == Decimal("1.200006")


def test_what_is_free_costs_nothing() -> None:
    price = book().price(
        "openrouter", "meta-llama/llama-3.3-70b-instruct:free", "https://openrouter.ai/api/v1", NOW
    )
    assert price is not None
    cost = book().cost(price, Usage(input_tokens=10, output_tokens=10))
    assert cost is not None
    assert cost.total_usd == 0


def test_the_configuration_wins() -> None:
    ours = book(
        openai__gpt_4o=PriceConfig.model_validate(
            {"input_per_million_usd": Decimal(7), "output_per_million_usd": Decimal(0)}
        ),
    )
    price = ours.price("openai", "gpt_4o", OPENAI, NOW)
    assert price is not None
    assert (price.rates.input_per_million_usd, price.source) == (Decimal(7), "configuration")
    free = ours.cost(price, Usage(input_tokens=0, output_tokens=10))
    assert free is not None
    assert free.total_usd == 0
    assert ours.price("other", "gpt_4o", "https://nobody.example/v1", NOW) is None


def test_an_override_holds_for_a_simulated_model_with_any_parameters() -> None:
    ours = PriceBook(
        {
            "simulator/sim": PriceConfig.model_validate(
                {"input_per_million_usd": Decimal(1), "output_per_million_usd": Decimal(1)}
            ),
            "simulator/sim?tokens=5": PriceConfig.model_validate(
                {"input_per_million_usd": Decimal(2), "output_per_million_usd": Decimal(2)}
            ),
        }
    )
    found = [ours.price("simulator", model, LOCAL, NOW) for model in ("sim?tokens=9", "sim?tokens=5")]
    assert [price.rates.input_per_million_usd for price in found if price] == [1, 2]


@pytest.mark.parametrize("model", PRESETS["simulator"].default_models)
@pytest.mark.parametrize("base_url", [LOCAL, "https://localhost:1/v1", "http://[::1]:1/v1"])
def test_bundled_simulated_models_have_a_nominal_price(model: str, base_url: str) -> None:
    price = book().price("simulator", f"{model}?tokens=5", base_url, NOW)
    assert price is not None
    assert price.source == "nominal"
    assert 0 < price.rates.input_per_million_usd < price.rates.output_per_million_usd


def test_a_nominal_price_is_only_for_this_machine() -> None:
    assert book().price("simulator", "sim-swift", "https://simulator.example/v1", NOW) is None


def test_published_prices_are_loaded_only_when_asked_for() -> None:
    code = """if True:
        import sys
        from datetime import UTC, datetime
        from probe.catalog.prices.book import PriceBook
        now = datetime(2026, 11, 21, tzinfo=UTC)
        book = PriceBook({})
        assert book.price("simulator", "sim-swift", "http://127.0.0.1:1/v1", now) is not None
        assert not any(name.startswith("genai_prices") for name in sys.modules), "too early"
        book.load()
        assert "genai_prices.data" in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)
