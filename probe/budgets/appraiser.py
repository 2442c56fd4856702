"""Estimates under the configuration in force, from what the results of the last days took."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from probe.bootstrap.assembly import Assembly
from probe.budgets.estimate import Estimate, Usages, estimate
from probe.budgets.forecast import Forecast, Pace, pace_of
from probe.config import JobConfig
from probe.errors import ConfigError
from probe.lib.clock import Clock
from probe.probing.attempt import TargetPlan
from probe.scheduling.cron import CronTimetable
from probe.store import Store
from probe.suites import Suite

USAGE_DAYS: Final = timedelta(days=7)


class Appraiser:
    """`assembly` gives the configuration in force. What it knows is of the latest `refresh`."""

    def __init__(self, store: Store | None, clock: Clock, assembly: Callable[[], Assembly]) -> None:
        """Without a store nothing is known of earlier results."""
        self._store = store
        self._clock = clock
        self._assembly = assembly
        self._usages: Usages = {}
        self._paces: dict[tuple[CronTimetable, date], Pace] = {}
        self.forecasts: tuple[Forecast, ...] = ()

    async def refresh(self) -> None:
        """Raises StoreError; then what was known before stays."""
        try:
            if self._store is not None:
                self._usages = await self._store.spending.typical_usage(self._clock.now() - USAGE_DAYS)
        finally:
            self.forecasts = await self.of_jobs(self._assembly().config.jobs)

    async def of_jobs(self, jobs: Iterable[JobConfig]) -> tuple[Forecast, ...]:
        return tuple([await self._of_job(job) for job in jobs])

    def of_run(self, suite: str, targets: Sequence[str]) -> Estimate:
        """Targets are names or shell patterns. Raises ConfigError."""
        assembly = self._assembly()
        return self.of(assembly.suite(suite), assembly.choose(targets))

    def of(self, suite: Suite, targets: Sequence[TargetPlan]) -> Estimate:
        return estimate(suite, targets, self._assembly().prices, self._usages, self._clock.now())

    async def asked(self, job: str | None, suite: str | None, targets: Sequence[str]) -> tuple[Forecast, ...]:
        """That job; a run of that suite by hand; else every job. Raises ConfigError."""
        if suite is not None:
            return (Forecast(job=None, estimate=self.of_run(suite, targets), pace=None),)
        jobs = self._assembly().config.jobs
        chosen = [each for each in jobs if job in {None, each.name}]
        if job is not None and not chosen:
            raise ConfigError(f"unknown job {job!r}; jobs are {', '.join(each.name for each in jobs)}")
        return await self.of_jobs(chosen)

    async def _of_job(self, job: JobConfig) -> Forecast:
        return Forecast(
            job=job.name, estimate=self.of_run(job.suite, job.targets), pace=await self._pace(job)
        )

    async def _pace(self, job: JobConfig) -> Pace:
        """Tens of thousands of instants for a job of every minute: counted once a day, in a thread."""
        now = self._clock.now()
        timetable = CronTimetable.parse(job.cron, job.timezone)
        key = (timetable, now.date())
        if key not in self._paces:
            self._paces = {known: pace for known, pace in self._paces.items() if known[1] == now.date()}
            self._paces[key] = await asyncio.to_thread(pace_of, timetable, now)
        return self._paces[key]
