"""A provider's own model list: the nearest to what it charges, where it names prices at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.quote import Quote, Refusal, Told, problem_of_price

SOURCE: Final = "provider"


def read(provider: str, listed: Sequence[ListedModel], at: datetime) -> Told:
    """The prices of a list that was read at `at`; to people they come from the provider by its name."""
    quotes: dict[str, Quote] = {}
    refusals: list[Refusal] = []
    for model in listed:
        if model.price is None or model.id in quotes:
            continue
        problem = problem_of_price(model.price)
        if problem is not None:
            refusals.append(Refusal(model=model.id, reason=f"has a price that cannot be: {problem}"))
            continue
        price = replace(model.price, source=provider, fetched_at=at)
        quotes[model.id] = Quote(source=SOURCE, provider=provider, model=model.id, price=price)
    return Told(at=at, quotes=tuple(quotes.values()), refusals=tuple(refusals))
