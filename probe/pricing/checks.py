"""What the sources of one model's price say of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import combinations

from probe.catalog.prices.book import OVERRIDE_SOURCE
from probe.catalog.prices.compare import Difference, difference_between
from probe.catalog.prices.price import Price
from probe.catalog.prices.quote import ModelKey
from probe.facts.event import Event
from probe.pricing import events as news
from probe.pricing.scope import Scope


def differences(said: Mapping[str, Price]) -> dict[tuple[str, str], Difference]:
    """By pair of sources, in their order, those that differ at all.

    The configuration is no party to this: what somebody wrote there is meant so, a discount for example.
    """
    published = {source: price for source, price in said.items() if source != OVERRIDE_SOURCE}
    found = {
        (one, other): difference_between(published[one], published[other])
        for one, other in combinations(published, 2)
    }
    return {pair: apart for pair, apart in found.items() if apart is not None}


class Disagreements:
    """`factors` is the largest factor between any two sources of a model, by provider and model.

    1 where they agree; a model of which one source speaks, or none, is not there.
    """

    def __init__(self) -> None:
        self.factors: dict[ModelKey, Decimal] = {}

    def look(self, scope: Scope, now: datetime) -> list[Event]:
        """Compare what is said of every model that is probed; an event for what is beyond the bound."""
        bound = Decimal(str(scope.config.pricing.disagreement_ratio))
        events: list[Event] = []
        self.factors = {}
        for provider, model in scope.probed:
            said = scope.book.said(provider, model, scope.base_urls[provider], now)
            if len(said.keys() - {OVERRIDE_SOURCE}) < 2:
                continue
            found = differences(said)
            self.factors[provider, model] = max(
                (apart.factor for apart in found.values()), default=Decimal(1)
            )
            events += [
                news.sources_disagree(provider, model, said, pair, apart, now)
                for pair, apart in found.items()
                if apart.factor > bound
            ]
        return events
