"""What has to be done now and then: targets and price changes noted, old rows deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial

import structlog

from probe.bootstrap.assembly import Assembly
from probe.catalog.prices.price import DatedPrice
from probe.lib.clock import Clock
from probe.lib.tasks import periodically
from probe.store.store import Store

_log = structlog.get_logger("probe.daemon.housekeeping")

_EVERY_SECONDS = 6 * 3600.0
_AGAIN_SECONDS = 60.0


class Housekeeping:
    """`assembly` gives the configuration in force; `wake` is called when that is another one.

    `note_prices` notes what is in force for what is probed, and writes events for what that changed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        assembly: Callable[[], Assembly],
        note_prices: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._assembly = assembly
        self._note_prices = note_prices
        self._due = asyncio.Event()

    def wake(self) -> None:
        self._due.set()

    async def run(self) -> None:
        """At once, when woken and every six hours, until cancelled; a minute later while the store is out."""
        await periodically(
            self._keep_house,
            _EVERY_SECONDS,
            self._clock,
            wake=self._due,
            retry_seconds=_AGAIN_SECONDS,
            log_error=partial(_log.error, "upkeep waits for the database"),
        )

    async def _keep_house(self) -> None:
        """Raises StoreError."""
        if self._note_prices is not None:
            await self._note_prices()
        await note_targets(self._store, self._assembly(), self._clock.now())
        await self._prune()

    async def _prune(self) -> None:
        config = self._assembly().config
        report = await self._store.retention.prune(config.database.retention, config.exporters.enabled())
        if report.undelivered:
            _log.error(
                "rows were deleted that an exporter has not had; see database.retention.undelivered_days",
                rows=report.undelivered,
            )
        gone = {name: count for name, count in asdict(report).items() if count}
        if gone:
            _log.info("old rows deleted", **gone)


async def note_targets(store: Store, assembly: Assembly, now: datetime) -> None:
    """Give every target its provider's and model's rows, and its price a row if that is new.

    Raises StoreError.
    """
    for target in dict.fromkeys(plan.target for plan in assembly.targets):
        await store.registry.register(target, logo_url=assembly.endpoints[target.provider].logo_url)
        price = assembly.prices.price_of_day(target.provider, target.model, target.base_url, now)
        if price is not None:
            await store.prices.record(target, DatedPrice(now, price))
