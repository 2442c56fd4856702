"""What the pages and the API ask of the running daemon, answered by its parts."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from probe import __version__
from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.budgets.forecast import Forecast
from probe.config import JobConfig
from probe.daemon.discoveries import Discoveries
from probe.daemon.generation import Generations
from probe.daemon.health import Vitals
from probe.daemon.phase import Phase
from probe.daemon.reload import Reloader
from probe.daemon.runs import Runs
from probe.delivery.exporters import Exporters
from probe.engines.watch import EngineWatch
from probe.facts.sample import Series
from probe.facts.status import Build, Status, StoreStatus
from probe.limits.gate import REFUSALS
from probe.pricing import Pricing
from probe.reports.daemon import EstimateOrder, Job, RunOrder, Trouble
from probe.scheduling.schedule import Schedule
from probe.store import Store
from probe.store.recorder import Recorder
from probe.wire.process import StopwatchProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonControl:
    """Implements `probe.reports.daemon.Control`."""

    started_at: datetime
    phase: Phase
    generations: Generations
    reloader: Reloader
    schedule: Schedule
    runs: Runs
    budgets: Budgets
    discoveries: Discoveries
    pricing: Pricing
    recorder: Recorder
    exporters: Exporters
    stopwatch: StopwatchProcess
    vitals: Vitals
    engines: EngineWatch
    store: Store

    def token(self) -> SecretStr | None:
        return self._assembly.config.server.token

    def series(self) -> Sequence[Series]:
        return self._assembly.series

    def jobs(self) -> Sequence[Job]:
        assembly = self._assembly
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
        config = self._assembly.config
        return Status(
            build=Build(version=__version__, python=platform.python_version()),
            location=config.location,
            started_at=self.started_at,
            jobs=self.schedule.status(),
            store=self._store_status(),
            config=self.reloader.status,
            deliveries=self.exporters.status(),
            attempts_in_flight=self.generations.in_flight,
            skipped_attempts={
                (name, reason): self.runs.skipped[name, reason]
                for name in config.providers
                for reason in REFUSALS
            },
            stopwatch_restarts=self.stopwatch.restarts,
            daemon_lag_seconds=self.vitals.lag_seconds,
            money=self.budgets.status(),
            engines=self.engines.status(),
            catalogue=self.discoveries.status,
            events=self.store.events.written,
            pricing=self.pricing.status(),
        )

    async def readiness(self) -> Sequence[Trouble]:
        troubles: list[Trouble] = []
        await self.vitals.look()
        error = self._store_error()
        if error is not None:
            troubles.append(Trouble(part="store", detail=error))
        if self.stopwatch.pid is None:
            troubles.append(Trouble(part="stopwatch", detail="the stopwatch process is being started again"))
        if not self.schedule.running:
            troubles.append(Trouble(part="schedule", detail=f"the daemon is {self.phase.name}"))
        return troubles

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        return self.exporters.render(accept)

    async def trigger(self, order: RunOrder, /) -> UUID:
        job = JobConfig(name="by-hand", suite=order.suite, targets=order.targets)
        return await self.runs.by_hand(job, order.name or order.suite, "api")

    async def estimate(self, order: EstimateOrder, /) -> Sequence[Forecast]:
        return await self.budgets.estimator.requested(order.job, order.suite, order.targets)

    async def discover(self, providers: Sequence[str], /) -> Mapping[str, UUID]:
        return await self.discoveries.by_hand(providers, "api")

    async def reload(self) -> None:
        await self.reloader.reload()

    @property
    def _assembly(self) -> Assembly:
        return self.generations.current.assembly

    def _store_error(self) -> str | None:
        return self.recorder.error or self.vitals.store_error

    def _store_status(self) -> StoreStatus:
        facts, recorder, error = self.vitals.facts, self.recorder, self._store_error()
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
            deleted_undelivered=self.store.retention.deleted_undelivered,
        )
