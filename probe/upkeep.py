"""What has to be done now and then: old rows deleted, targets and price changes noted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from probe.assembly import Assembly
from probe.clock import Clock
from probe.errors import StoreError
from probe.store import PriceRecord, Store

_log = structlog.get_logger("probe.upkeep")

_EVERY_SECONDS = 6 * 3600.0
_AGAIN_SECONDS = 60.0


class Upkeep:
    """`assembly` gives the configuration in force."""

    def __init__(self, store: Store, clock: Clock, assembly: Callable[[], Assembly]) -> None:
        self._store = store
        self._clock = clock
        self._assembly = assembly

    async def run(self) -> None:
        """At once and every six hours, until cancelled; a store that is out is asked again in a minute."""
        while True:
            try:
                await self._prune()
                await note_targets(self._store, self._assembly(), self._clock.now())
            except StoreError as exc:
                _log.error("upkeep waits for the database", error=str(exc))
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                await asyncio.sleep(_EVERY_SECONDS)

    async def _prune(self) -> None:
        report = await self._store.prune(self._assembly().config.database.retention)
        if report.results or report.runs or report.prices:
            _log.info("old rows deleted", results=report.results, runs=report.runs, prices=report.prices)


async def note_targets(store: Store, assembly: Assembly, now: datetime) -> None:
    """Give every target its provider's and model's rows, and its price a row where that is new.

    Raises StoreError.
    """
    for target in dict.fromkeys(plan.target for plan in assembly.targets):
        await store.register(target, logo_url=assembly.endpoints[target.provider].logo_url)
        price = assembly.prices.price(target.provider, target.model, target.base_url, now)
        if price is not None:
            await store.record_price(
                target,
                PriceRecord(
                    input_usd=price.input_per_million_usd,
                    output_usd=price.output_per_million_usd,
                    cached_input_usd=price.cached_input_per_million_usd,
                    source=price.source,
                    at=now,
                ),
            )
