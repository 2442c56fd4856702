"""The price history: what a model costs from one instant on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from probe.catalog.prices.price import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """The price of a model from `at` on, until its next entry. The first one is no change."""

    id: UUID
    provider: str
    model: str
    price: Price
    at: datetime
