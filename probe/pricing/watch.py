"""What a provider charged for a request against what we reckoned that it costs."""

from __future__ import annotations

from decimal import Decimal

import structlog

from probe.catalog.prices.compare import factor_between
from probe.errors import StoreError
from probe.facts.sample import Sample
from probe.pricing import events as news
from probe.store import Store

_log = structlog.get_logger("probe.pricing")

_REMEMBERED = 10_000


class CostWatch:
    """Writes each disagreement once, for all samples of a model at one price."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: set[tuple[str, str, str]] = set()

    async def look(self, sample: Sample, ratio: float) -> None:
        """Where the store does not take the event now, the next such sample brings it again."""
        factor = cost_factor(sample)
        if factor is None or factor <= Decimal(str(ratio)):
            return
        event = news.cost_disagrees(sample, factor)
        known = (sample.target.provider, sample.target.model, event.key)
        if known in self._told or len(self._told) >= _REMEMBERED:
            return
        try:
            new = await self._store.events.add([event])
        except StoreError as exc:
            _log.error("a cost that disagrees cannot be noted yet", error=str(exc))
            return
        self._told.add(known)
        if new:
            _log.warning("a cost disagrees", provider=known[0], model=known[1], text=event.text)


def cost_factor(sample: Sample) -> Decimal | None:
    """How far both are apart, 1 or more; None where either is unknown."""
    charged = None if sample.reported is None else sample.reported.cost_usd
    if charged is None or sample.cost is None:
        return None
    return factor_between(charged, sample.cost.total_usd)
