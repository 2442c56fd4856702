"""Prices as rows of the history, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from probe.catalog.prices.price import Price
from probe.catalog.prices.quote import Quote
from probe.catalog.prices.sources.listing import SOURCE as LISTING
from probe.store import PriceRecord, QuoteRecord, QuoteStatus
from probe.store.prices import price_of


def record_of(price: Price, at: datetime) -> PriceRecord:
    """The row of a price that is in force from `at` on."""
    rates = price.rates
    return PriceRecord(
        input_usd=rates.input_per_million_usd,
        output_usd=rates.output_per_million_usd,
        cached_input_usd=rates.cached_input_per_million_usd,
        cache_write_usd=rates.cache_write_per_million_usd,
        reasoning_usd=rates.reasoning_per_million_usd,
        request_usd=price.request_usd,
        tiers=price.tiers,
        source=price.source,
        at=at,
        effective_on=price.effective_on,
        fetched_at=price.fetched_at,
    )


def history_of(records: Sequence[PriceRecord]) -> list[tuple[datetime, Price]]:
    """Each price with the instant from which it was in force, in the order of the records."""
    return [(record.at, price_of(record)) for record in records]


def quote_row(
    quote: Quote, at: datetime, status: QuoteStatus = "current", reason: str | None = None
) -> QuoteRecord:
    """`at` is when the source said so, where the price itself does not tell."""
    return QuoteRecord(
        id=uuid4(),
        source=quote.source,
        provider=quote.provider,
        model=quote.model,
        price=quote.price,
        fetched_at=quote.price.fetched_at or at,
        effective_on=quote.price.effective_on,
        status=status,
        reason=reason,
    )


def quote_of(row: QuoteRecord) -> Quote:
    """To people, a price of a provider's own list comes from the provider by its name."""
    named = row.provider if row.source == LISTING else row.source
    return Quote(
        source=row.source, provider=row.provider, model=row.model, price=replace(row.price, source=named)
    )
