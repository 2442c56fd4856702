"""How prices are doing, for the metrics: what is in force, from whom, and how old it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from probe.catalog.prices.quote import ModelKey
from probe.facts.status import PriceSourceStatus, PriceStatus, PricingStatus
from probe.pricing.scope import Scope


class Outcomes:
    """What became of asking each source, since the start."""

    def __init__(self) -> None:
        self.read_at: dict[str, datetime] = {}
        self.errors: Counter[str] = Counter()
        self.last_error: dict[str, str] = {}

    def succeeded(self, source: str, at: datetime) -> None:
        self.read_at[source] = at
        self.last_error.pop(source, None)

    def failed(self, source: str, error: str) -> None:
        self.errors[source] += 1
        self.last_error[source] = error


def status_of(
    scope: Scope,
    now: datetime,
    *,
    fetched: Mapping[str, datetime],
    held: int,
    outcomes: Outcomes,
    factors: Mapping[ModelKey, Decimal],
) -> PricingStatus:
    """`fetched` is when each source last said anything that is in force, in whatever process."""
    read_at = {**fetched}
    for source, at in outcomes.read_at.items():
        read_at[source] = max(at, read_at.get(source, at))
    return PricingStatus(
        sources=tuple(
            PriceSourceStatus(
                source=source,
                read_at=read_at.get(source),
                errors=outcomes.errors[source],
                last_error=outcomes.last_error.get(source),
            )
            for source in sorted({*read_at, *outcomes.errors})
        ),
        held=held,
        prices=tuple(filter(None, (_in_force(scope, key, factors.get(key), now) for key in scope.probed))),
    )


def _in_force(scope: Scope, key: ModelKey, factor: Decimal | None, now: datetime) -> PriceStatus | None:
    provider, model = key
    price = scope.book.price(provider, model, scope.base_urls[provider], now)
    if price is None:
        return None
    return PriceStatus(
        provider=provider,
        model=model,
        source=price.source,
        usd_per_million_tokens=price.rates.stated(),
        request_usd=price.request_usd,
        fetched_at=price.fetched_at,
        disagreement=factor,
    )
