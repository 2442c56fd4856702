"""A model as a provider lists it, an event and a quote, to store: a value for everything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.price import DatedPrice, Price, Tier
from probe.facts.event import Event
from probe.facts.rates import Rates
from probe.store.quotes import QuoteRecord
from tests.store.samples import NOW


def a_listed_model(name: str = "gpt-4o-mini", **changes: Any) -> ListedModel:
    fields: dict[str, Any] = {
        "display_name": "GPT-4o mini",
        "context_window": 128_000,
        "max_output_tokens": 16_384,
        "input_modalities": ("text", "image"),
        "output_modalities": ("text",),
        "created_at": NOW - timedelta(days=500),
        "lifecycle": "deprecated",
        "deprecated_on": date(2026, 1, 15),
        "retires_on": date(2026, 7, 1),
        "replaced_by": "gpt-5-mini",
    }
    return ListedModel(id=name, **(fields | changes))


def an_event(**changes: Any) -> Event:
    fields: dict[str, Any] = {
        "id": uuid4(),
        "at": NOW,
        "kind": "model_appeared",
        "severity": "warning",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "scope": "all",
        "key": "2026-03-01",
        "text": "openai lists gpt-4o-mini.",
        "data": {"context_window": 128_000, "modalities": ["text", None], "price": {"input": "0.15"}},
    }
    return Event(**(fields | changes))


def a_price(given: str = "0.15", **changes: Any) -> Price:
    """With digits that no binary fraction has, and more of them than a column of money keeps."""
    fields: dict[str, Any] = {
        "rates": _rates(given),
        "tiers": (Tier(above_input_tokens=200_000, rates=_rates("0.3")),),
        "request_usd": Decimal("0.0001"),
        "source": "models.dev",
        "effective_on": date(2026, 2, 1),
        "fetched_at": NOW,
    }
    return Price(**(fields | changes))


def a_quote(given: str = "0.15", **changes: Any) -> QuoteRecord:
    fields: dict[str, Any] = {
        "id": uuid4(),
        "source": "models.dev",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "fetched_at": NOW,
        "effective_on": date(2026, 2, 1),
    } | changes
    price = a_price(
        given, source=fields["source"], effective_on=fields["effective_on"], fetched_at=fields["fetched_at"]
    )
    return QuoteRecord(**({"price": price} | fields))


def a_dated_price(
    given: str = "0.15",
    *,
    at: datetime = NOW,
    rates: Mapping[str, Decimal | None] | None = None,
    **changes: Any,
) -> DatedPrice:
    """As an entry of the history has it; `rates` are those that are to be others."""
    amounts: dict[str, Any] = {
        "input_per_million_usd": Decimal(given),
        "output_per_million_usd": Decimal("0.6"),
        "cached_input_per_million_usd": Decimal("0.075"),
        "cache_write_per_million_usd": Decimal("0.1875"),
        "reasoning_per_million_usd": Decimal("0.7"),
    }
    fetched_at = NOW - timedelta(minutes=5)
    fields = {"rates": Rates(**(amounts | dict(rates or {}))), "fetched_at": fetched_at, **changes}
    return DatedPrice(at, a_price(**fields))


def a_plain_price(
    given: str, made: str = "0.6", *, cached: str | None = None, at: datetime = NOW, source: str = "test"
) -> DatedPrice:
    """Without anything that may be left out."""
    rates = Rates(
        input_per_million_usd=Decimal(given),
        output_per_million_usd=Decimal(made),
        cached_input_per_million_usd=None if cached is None else Decimal(cached),
    )
    return DatedPrice(at, Price(rates=rates, source=source))


def _rates(given: str) -> Rates:
    return Rates(
        input_per_million_usd=Decimal(given),
        output_per_million_usd=Decimal("0.6"),
        cached_input_per_million_usd=Decimal("0.1234567890123456789012345678901"),
        cache_write_per_million_usd=None,
        reasoning_per_million_usd=Decimal(0),
    )
