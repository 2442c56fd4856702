"""Whose word counts among several, and what counted at an instant of the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.prices.book import PriceBook
from probe.catalog.prices.price import DatedPrice, Price, Tier, cost_of
from probe.catalog.prices.quote import Quote, QuoteTable
from probe.catalog.prices.sources.genai import published_price
from probe.config import Config
from probe.config.probing import PriceConfig, PriceSource, PricingConfig
from probe.config.values import FrozenDict
from probe.facts.rates import Rates
from probe.facts.sample import Usage

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPENAI = "https://api.openai.com/v1"
DEEPSEEK = "https://api.deepseek.com"
LOCAL = "http://127.0.0.1:8080/v1"


def price(usd: str, source: str = "test") -> Price:
    rates = Rates(input_per_million_usd=Decimal(usd), output_per_million_usd=Decimal(usd))
    return Price(rates=rates, source=source)


def quote(source: str, usd: str, model: str = "gpt-4o-mini") -> Quote:
    return Quote(source=source, provider="openai", model=model, price=price(usd, source))


def override(usd: str) -> PriceConfig:
    return PriceConfig.model_validate(
        {"input_per_million_usd": Decimal(usd), "output_per_million_usd": Decimal(usd)}
    )


def book(*sources: PriceSource, overrides: dict[str, PriceConfig] | None = None) -> PriceBook:
    quotes = QuoteTable()
    quotes.put([quote("provider", "11"), quote("models.dev", "22")])
    if not sources:
        return PriceBook(overrides or {}, quotes=quotes)
    return PriceBook(overrides or {}, sources=sources, quotes=quotes)


@pytest.mark.parametrize(
    ("sources", "believed"),
    [
        ((), "33"),
        (("provider", "genai-prices", "models.dev"), "11"),
        (("models.dev", "provider", "configuration"), "22"),
        (("genai-prices", "provider"), "0.15"),
        (("models.dev",), "22"),
    ],
)
def test_the_first_source_that_knows_is_believed(sources: tuple[PriceSource, ...], believed: str) -> None:
    found = book(*sources, overrides={"openai/gpt-4o-mini": override("33")}).price(
        "openai", "gpt-4o-mini", OPENAI, NOW
    )
    assert found is not None
    assert found.rates.input_per_million_usd == Decimal(believed)


def test_a_source_that_does_not_know_a_model_leaves_it_to_the_next() -> None:
    quotes = QuoteTable()
    quotes.put([quote("models.dev", "22", model="unheard-of")])
    found = PriceBook({}, quotes=quotes)
    assert found.price("openai", "unheard-of", OPENAI, NOW) == price("22", "models.dev")
    assert found.price("openai", "nobody-knows", OPENAI, NOW) is None
    assert found.price("other", "unheard-of", OPENAI, NOW) is None


def test_a_quote_counts_on_this_machine_too_and_before_a_nominal_price() -> None:
    quotes = QuoteTable()
    quotes.put([quote("provider", "1", model="sim-swift")])
    found = PriceBook({}, quotes=quotes)
    assert found.price("openai", "sim-swift", LOCAL, NOW) == price("1", "provider")
    assert found.price("openai", "gpt-4o-mini", LOCAL, NOW) is None


def test_what_everybody_says_in_the_order_in_which_they_are_believed() -> None:
    said = book(overrides={"openai/gpt-4o-mini": override("33")}).said("openai", "gpt-4o-mini", OPENAI, NOW)
    assert [(source, each.rates.input_per_million_usd) for source, each in said.items()] == [
        ("configuration", 33),
        ("provider", 11),
        ("genai-prices", Decimal("0.15")),
        ("models.dev", 22),
    ]


def test_the_override_file_counts_as_configuration_which_wins_over_it(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(
        "openai/a: {input_per_million_usd: 1, output_per_million_usd: 1}\n"
        "openai/b: {input_per_million_usd: 2, output_per_million_usd: 2}\n"
    )
    config = Config(
        pricing=PricingConfig(file=file), prices=FrozenDict({"openai/b": override("5")}), targets=()
    )
    found = PriceBook.of(config)
    amounts = {
        model: each.rates.input_per_million_usd
        for model in "ab"
        if (each := found.price("openai", model, OPENAI, NOW)) is not None
    }
    assert amounts == {"a": 1, "b": 5}


# The past -------------------------------------------------------------------------------------------------


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def with_history(*history: DatedPrice, model: str = "gpt-4o-mini") -> PriceBook:
    quotes = QuoteTable()
    quotes.put([quote("provider", "11", model=model)])
    quotes.remember("openai", model, history)
    return PriceBook({}, quotes=quotes)


@pytest.mark.parametrize(
    ("at", "usd"),
    [
        (days_ago(40), "11"),  # nothing older is known than what is known now
        (days_ago(30), "7"),
        (days_ago(20.001), "7"),
        (days_ago(20), "8"),
        (days_ago(10.001), "8"),
        (days_ago(10), "11"),
        (NOW, "11"),
    ],
)
def test_what_was_in_force_then(at: datetime, usd: str) -> None:
    history = [
        DatedPrice(days_ago(30), price("7")),
        DatedPrice(days_ago(20), price("8")),
        DatedPrice(days_ago(10), price("9")),
    ]
    found = with_history(*history).price("openai", "gpt-4o-mini", OPENAI, at)
    assert found is not None
    assert found.rates.input_per_million_usd == Decimal(usd)


def test_published_prices_of_then_know_the_hours() -> None:
    day = days_ago(20).replace(hour=0, minute=30)
    noted = published_price(DEEPSEEK, "deepseek-v4-flash", day, hours=False)
    assert noted is not None
    history = [DatedPrice(days_ago(30), noted), DatedPrice(days_ago(10), price("9"))]
    quotes = QuoteTable()
    quotes.remember("openai", "deepseek-v4-flash", history)
    found = PriceBook({}, quotes=quotes)
    by_hour = [
        each.rates.input_per_million_usd
        for hour in (0, 2, 5, 7)
        if (each := found.price("openai", "deepseek-v4-flash", DEEPSEEK, day.replace(hour=hour)))
    ]
    assert by_hour == [Decimal("0.15"), Decimal("0.3"), Decimal("0.15"), Decimal("0.3")]
    gone = found.price("openai", "deepseek-v4-flash", "https://moved.example/v1", day)
    assert gone == noted, "where the data knows nothing, the row counts"


def test_what_the_data_says_otherwise_by_now_does_not_change_what_was_noted() -> None:
    noted = price("3", "genai-prices 0.0.1")
    found = with_history(DatedPrice(days_ago(30), noted), DatedPrice(days_ago(10), price("0.15")))
    assert found.price("openai", "gpt-4o-mini", OPENAI, days_ago(20)) == noted


# Exactness ------------------------------------------------------------------------------------------------

USD = st.decimals(0, 1000, places=9)
TOKENS = st.integers(0, 10**7)
RATES = st.builds(
    Rates,
    input_per_million_usd=USD,
    output_per_million_usd=USD,
    cached_input_per_million_usd=st.none() | USD,
    cache_write_per_million_usd=st.none() | USD,
    reasoning_per_million_usd=st.none() | USD,
)
PRICES = st.builds(
    Price,
    rates=RATES,
    tiers=st.lists(st.builds(Tier, above_input_tokens=st.just(200_000), rates=RATES), max_size=1).map(tuple),
    request_usd=st.decimals(0, 1, places=6),
    source=st.just("test"),
)
USAGES = st.builds(
    Usage,
    input_tokens=TOKENS,
    output_tokens=TOKENS,
    cached_input_tokens=st.none() | TOKENS,
    cache_write_tokens=st.none() | TOKENS,
    reasoning_tokens=st.none() | TOKENS,
)


@given(st.lists(PRICES, min_size=1, max_size=4), st.lists(st.tuples(USAGES, st.floats(0, 50)), max_size=20))
def test_the_sum_of_costs_is_what_is_recomputed(
    prices: list[Price], asked: list[tuple[Usage, float]]
) -> None:
    """Requests are priced as they happen, one price after the other, and again when all of that is past."""
    changes = [days_ago(40 - 10 * place) for place in range(len(prices))]
    history = list(map(DatedPrice, changes, prices))
    then = []
    for usage, days in asked:
        at = days_ago(days)
        in_force = [each for since, each in history if since <= at]
        cost = cost_of(in_force[-1] if in_force else prices[-1], usage)
        assert cost is not None
        then.append((at, usage, cost.total_usd))
    quotes = QuoteTable()
    quotes.put([Quote(source="provider", provider="openai", model="m", price=prices[-1])])
    quotes.remember("openai", "m", history)
    again = PriceBook({}, quotes=quotes)
    total = Decimal(0)
    for at, usage, _ in then:
        found = again.price("openai", "m", "https://nobody.example/v1", at)
        assert found is not None
        cost = again.cost(found, usage)
        assert cost is not None
        total += cost.total_usd
    assert total == sum((usd for *_, usd in then), Decimal(0))
