"""What the daemon does on schedule beside its jobs: claimed and recorded as a run is, without any attempt.

The names of maintenance jobs are reserved: see `probe.config.values.RESERVED_JOBS`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import structlog

from probe.config.probing import PricingConfig
from probe.daemon.lifecycle import LifecycleState
from probe.errors import StoreError, StoreUnavailable
from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.lib.retry import PAUSE_SECONDS, while_unavailable
from probe.pricing.pricing import Pricing
from probe.pricing.status import log_report
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import ScheduledJob
from probe.store.records import RunEnd
from probe.store.store import Store

_log = structlog.get_logger("probe.daemon.maintenance")

PRICE_SYNC = "prices"
# While the daemon stops; a server that hangs would take a minute.
_LAST_TRY_SECONDS = 2.0

# Gets what it was triggered by (schedule, start); returns True if all of it was done.
MaintenanceWork = Callable[[str], Awaitable[bool]]


class RunRows:
    """Ends the rows of runs, however long the store takes to be there for it."""

    def __init__(
        self, store: Store, lifecycle: LifecycleState, clock: Clock, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._store = store
        self._lifecycle = lifecycle
        self._clock = clock
        self._pause_seconds = pause_seconds

    async def finish_run(
        self, run_id: UUID, name: str, status: RunEnd, *, skipped: int | None = None, note: str | None = None
    ) -> None:
        """Later if the store is unavailable. The next start closes what is left open.

        `skipped` attempts were not made; `note` says why none was.
        """

        async def finish() -> None:
            try:
                async with asyncio.timeout(_LAST_TRY_SECONDS if self._lifecycle.stopping else None):
                    await self._store.runs.finish(run_id, status, skipped_attempts=skipped, note=note)
            except TimeoutError as exc:
                raise StoreUnavailable("the database does not answer") from exc

        log_error = partial(_log.error, "a run cannot be closed", run=name, id=str(run_id))
        try:
            await while_unavailable(
                finish,
                self._clock,
                log_error=log_error,
                give_up=lambda: self._lifecycle.stopping,
                pause_seconds=self._pause_seconds,
            )
        except StoreUnavailable:
            pass  # it was logged
        except StoreError as exc:
            log_error(error=str(exc))


class MaintenanceJobs:
    """Makes scheduled jobs of work, and ends their rows."""

    def __init__(self, store: Store, rows: RunRows) -> None:
        self._store = store
        self._rows = rows

    def job(
        self, name: str, cron: str, timezone: str, work: MaintenanceWork, *, at_start: bool = False
    ) -> ScheduledJob:
        """A run of it is `failed` if the work was not all done, `interrupted` if it was cancelled."""

        async def handle(_: Slot, run_id: UUID) -> None:
            await self._run(name, run_id, work)

        return ScheduledJob(
            name=name,
            timetable=CronTimetable.parse(cron, timezone),
            handler=handle,
            suite=name,
            at_start=at_start,
            maintenance=True,
        )

    def price_sync(self, pricing: Pricing, config: PricingConfig) -> list[ScheduledJob]:
        """The job that fetches prices; none if nothing is to be fetched."""

        async def work(_: str) -> bool:
            try:
                done = await pricing.sync()
            except StoreError as exc:
                _log.error("prices cannot be kept", error=str(exc))
                return False
            for report in done.sources:
                log_report(report, report.source)
            return done.complete

        return [self.job(PRICE_SYNC, config.cron, config.timezone, work)] if config.fetch else []

    async def _run(self, name: str, run_id: UUID, work: MaintenanceWork) -> None:
        status: RunEnd = "failed"
        try:
            run = await self._store.runs.get(run_id)
            if await work("schedule" if run is None else run.triggered_by):
                status = "finished"
        except asyncio.CancelledError:
            status = "interrupted"
            raise
        finally:
            await self._rows.finish_run(run_id, name, status)
