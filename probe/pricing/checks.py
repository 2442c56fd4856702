"""What is in doubt: what sources say against each other, and what was charged against what we reckoned."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Final

import structlog

from probe.catalog.prices.book import OVERRIDE_SOURCE
from probe.catalog.prices.compare import Difference, difference_between, factor_between
from probe.catalog.prices.price import CHARGED, Price
from probe.catalog.prices.quote import ModelKey
from probe.errors import StoreError
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.pricing.events import cost_disagrees, sources_disagree
from probe.pricing.scope import Scope
from probe.store.store import Store

_log = structlog.get_logger("probe.pricing")

_REMEMBERED: Final = 10_000


def differences(said: Mapping[str, Price]) -> dict[tuple[str, str], Difference]:
    """By pair of sources, in their order, those that differ at all.

    The configuration is no party to this: what somebody wrote there is meant so, a discount for example.
    """
    published = {source: price for source, price in said.items() if source != OVERRIDE_SOURCE}
    found = {
        (one, other): difference_between(published[one], published[other])
        for one, other in combinations(published, 2)
    }
    return {pair: difference for pair, difference in found.items() if difference is not None}


class SourceConflicts:
    """`factors` is the largest factor between any two sources of a model, by provider and model.

    1 where they agree; a model of which one source speaks, or none, is not there.
    """

    def __init__(self) -> None:
        self.factors: dict[ModelKey, Decimal] = {}

    def check(self, scope: Scope, now: datetime) -> list[Event]:
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
                (difference.factor for difference in found.values()), default=Decimal(1)
            )
            events += [
                sources_disagree(provider, model, said, pair, difference, now)
                for pair, difference in found.items()
                if difference.factor > bound
            ]
        return events


class ChargeCheck:
    """Writes each disagreement once, for all samples of a model at one price."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[tuple[str, str, str]] = set()

    async def check(self, sample: Sample, ratio: float) -> None:
        """If the store does not take the event now, the next such sample brings it again."""
        factor = cost_factor(sample)
        if factor is None or factor <= Decimal(str(ratio)):
            return
        event = cost_disagrees(sample, factor)
        known = (sample.target.provider, sample.target.model, event.key)
        if known in self._written or len(self._written) >= _REMEMBERED:
            return
        try:
            new = await self._store.events.add([event])
        except StoreError as exc:
            _log.error("a cost that disagrees cannot be noted yet", error=str(exc))
            return
        self._written.add(known)
        if new:
            _log.warning("a cost disagrees", provider=known[0], model=known[1], text=event.text)


def cost_factor(sample: Sample) -> Decimal | None:
    """How far both are difference, 1 or more; None if either is unknown, or one is the other."""
    charged = None if sample.reported is None else sample.reported.cost_usd
    if charged is None or sample.cost is None or sample.cost.price_source == CHARGED:
        return None
    return factor_between(charged, sample.cost.total_usd)
