"""What the pages and the API need of the running daemon."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from itertools import product
from typing import get_args
from uuid import UUID

from pydantic import SecretStr

from probe import __version__
from probe.budgets.forecast import Forecast
from probe.config.probing import JobConfig
from probe.daemon.reload import Reloader
from probe.daemon.services import Services
from probe.facts.event import EventKind
from probe.facts.sample import Series
from probe.facts.status import Build, Status, StoreStatus
from probe.limits.gate import WAITS
from probe.probing.run import SKIP_REASONS
from probe.reports.daemon import EstimateOrder, Job, RunOrder, Trouble


class DaemonControl:
    """Implements `probe.reports.daemon.Control`."""

    def __init__(self, services: Services, reloader: Reloader) -> None:
        self._services = services
        self._reloader = reloader
        self._started_at = services.resources.clock.now()

    def token(self) -> SecretStr | None:
        return self._services.config.server.token

    def series(self) -> Sequence[Series]:
        return self._services.assembly.series

    def jobs(self) -> Sequence[Job]:
        assembly = self._services.assembly
        return [
            Job(
                name=job.name,
                suite=job.suite,
                cron=job.cron,
                timezone=job.timezone,
                series=len(assembly.choose(job.targets)),
            )
            for job in assembly.config.jobs
        ]

    def status(self) -> Status:
        config, waiting = self._services.config, self._services.generations.waiting
        return Status(
            build=Build(version=__version__, python=platform.python_version()),
            location=config.location,
            started_at=self._started_at,
            runbook_url=config.rules.runbook_url,
            jobs=self._services.schedule.status(),
            store=self._store_status(),
            config=self._reloader.status,
            deliveries=self._services.exporters.status(),
            attempts_in_flight=self._services.generations.in_flight,
            waiting_attempts={
                (name, reason): waiting[name, reason] for name, reason in product(config.providers, WAITS)
            },
            skipped_attempts={
                (name, reason): self._services.runs.skipped[name, reason]
                for name, reason in product(config.providers, SKIP_REASONS)
            },
            stopwatch_restarts=self._services.resources.stopwatch.restarts,
            daemon_lag_seconds=self._services.checks.lag_seconds,
            money=self._services.budgets.status(),
            engines=self._services.engines.status(),
            catalogue=self._services.discoveries.status,
            events=self._events(),
            pricing=self._services.pricing.status(),
        )

    def _events(self) -> Mapping[tuple[str, str], int]:
        """Those of every provider are there before they happen."""
        subjects = ("", *self._services.config.providers)
        return dict.fromkeys(product(get_args(EventKind), subjects), 0) | (
            self._services.resources.store.events.written
        )

    async def readiness(self) -> Sequence[Trouble]:
        troubles: list[Trouble] = []
        await self._services.checks.look()
        error = self._store_error()
        if error is not None:
            troubles.append(Trouble(part="store", detail=error))
        if self._services.resources.stopwatch.pid is None:
            troubles.append(Trouble(part="stopwatch", detail="the stopwatch process is being started again"))
        if not self._services.schedule.running:
            troubles.append(Trouble(part="schedule", detail=f"the daemon is {self._services.lifecycle.name}"))
        return troubles

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        return self._services.exporters.render(accept)

    async def trigger(self, order: RunOrder, /) -> UUID:
        job = JobConfig(name="by-hand", suite=order.suite, targets=order.targets)
        return await self._services.runs.by_hand(job, order.name or order.suite, "api")

    async def estimate(self, order: EstimateOrder, /) -> Sequence[Forecast]:
        return await self._services.budgets.estimator.requested(order.job, order.suite, order.targets)

    async def discover(self, providers: Sequence[str], /) -> Mapping[str, UUID]:
        return await self._services.discoveries.by_hand(providers, "api")

    async def reload(self) -> None:
        await self._reloader.reload()

    def _store_error(self) -> str | None:
        return self._services.recorder.error or self._services.checks.store_error

    def _store_status(self) -> StoreStatus:
        facts, recorder, error = self._services.checks.facts, self._services.recorder, self._store_error()
        return StoreStatus(
            available=error is None,
            error=error,
            last_sequence=None if facts is None else facts.last_sequence,
            size_bytes=None if facts is None else facts.size_bytes,
            write_errors=recorder.write_errors,
            pending=recorder.pending,
            spilled=recorder.spilled,
            rejected=recorder.rejected,
            dropped=recorder.dropped,
            deleted_undelivered=self._services.resources.store.retention.deleted_undelivered,
        )
