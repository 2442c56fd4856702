"""What a past request cost, reckoned again: at the price of its own instant."""

from dataclasses import dataclass
from typing import Literal

from probe.catalog.prices.book import PriceBook
from probe.catalog.prices.price import Price, cost_of
from probe.catalog.prices.quote import QuoteTable
from probe.facts.sample import Cost, Sample
from probe.store.store import Store

# Where a price of then comes from: a row of our own history, dated published prices, or what is in force now
# because nothing older is known.
Basis = Literal["history", "published", "now"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """`price` and `cost` are None if there is no price; `cost` also where there are no tokens."""

    sample: Sample
    price: Price | None
    cost: Cost | None
    basis: Basis | None


async def recompute(store: Store, book: PriceBook, quotes: QuoteTable, sample: Sample) -> Recomputed:
    """`quotes` are those that `book` looks at. Raises StoreError."""
    target = sample.target
    history = await store.prices.history(target.provider, target.model)
    quotes.remember(target.provider, target.model, history)
    price = book.price(target.provider, target.model, target.base_url, sample.started_at)
    if price is None:
        return Recomputed(sample=sample, price=None, cost=None, basis=None)
    noted = bool(history) and history[0].at <= sample.started_at
    published = price == book.published(
        target.provider, target.model, target.base_url, sample.started_at, hours=True
    )
    return Recomputed(
        sample=sample,
        price=price,
        cost=cost_of(price, sample.usage),
        basis="published" if published else "history" if noted else "now",
    )
