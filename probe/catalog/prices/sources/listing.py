"""A provider's own model list: the nearest to what it charges, where it names prices at all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.quote import Quote, RefusedPrice, SourcePrices, price_problem

SOURCE: Final = "provider"


def listing_prices(provider: str, listed: Sequence[ListedModel], at: datetime) -> SourcePrices:
    """The prices of a list that was read at `at`; to people they come from the provider by its name."""
    quotes: dict[str, Quote] = {}
    refused: list[RefusedPrice] = []
    for model in listed:
        if model.id in quotes:
            continue
        if model.price is None:
            refused += [RefusedPrice(model=model.id, reason=model.price_doubt)] if model.price_doubt else []
            continue
        problem = price_problem(model.price)
        if problem is not None:
            refused.append(RefusedPrice(model=model.id, reason=f"has a price that cannot be: {problem}"))
            continue
        price, *readings = (
            replace(each, source=provider, fetched_at=at) for each in (model.price, *model.price_readings)
        )
        quotes[model.id] = Quote(
            source=SOURCE,
            provider=provider,
            model=model.id,
            price=price,
            readings=tuple(readings),
            doubt=model.price_doubt,
        )
    return SourcePrices(at=at, quotes=tuple(quotes.values()), refused=tuple(refused))
