"""Prices out of a provider's model list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.price import Price
from probe.catalog.prices.sources.listing import listing_prices
from probe.facts.rates import Rates

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def price(usd: str) -> Price:
    rates = Rates(input_per_million_usd=Decimal(usd), output_per_million_usd=Decimal(usd))
    return Price(rates=rates, source="a list")


def test_priced_models_are_quoted_by_the_name_of_the_provider() -> None:
    told = listing_prices("router", [ListedModel(id="a", price=price("1")), ListedModel(id="b")], NOW)
    (quote,) = told.quotes
    assert (quote.source, quote.provider, quote.model) == ("provider", "router", "a")
    assert quote.price == replace(price("1"), source="router", fetched_at=NOW)


def test_of_two_entries_of_one_name_the_first_counts() -> None:
    told = listing_prices(
        "router", [ListedModel(id="a", price=price("1")), ListedModel(id="a", price=price("2"))], NOW
    )
    assert [quote.price.rates.input_per_million_usd for quote in told.quotes] == [1]


def test_what_cannot_be_a_price_is_kept_out_with_its_reason() -> None:
    listed = [ListedModel(id="auto", price=price("-1")), ListedModel(id="nan", price=price("NaN"))]
    told = listing_prices("router", listed, NOW)
    assert told.quotes == ()
    assert [(refusal.model, refusal.reason) for refusal in told.refused] == [
        ("auto", "has a price that cannot be: input is negative"),
        ("nan", "has a price that cannot be: input is no number"),
    ]
