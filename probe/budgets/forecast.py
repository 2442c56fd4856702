"""What is planned will cost: the estimate of a run, times how often it comes; and whether budgets allow it.

Estimates are made under the configuration in force, from what the results of the last days took.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from probe.bootstrap.assembly import Assembly
from probe.budgets.estimate import Amount, Estimate, Usages, estimate_run
from probe.budgets.ledger import BudgetLimit, Ledger, SpendEstimate
from probe.config.probing import JobConfig
from probe.errors import ConfigError
from probe.lib.clock import Clock
from probe.probing.attempt import TargetPlan
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import Timetable
from probe.store.store import Store
from probe.suites.case import Suite

USAGE_DAYS: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many runs come in the next 30 days, and on the day (UTC) that has the most of them."""

    runs: int
    runs_on_busiest_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One job, or one run by hand: then `job` and `pace` are None. A day is the mean of 30."""

    job: str | None
    estimate: Estimate
    pace: Pace | None

    @property
    def per_day(self) -> Amount | None:
        return None if self.pace is None else per_day(self.estimate.cost, self.pace)

    @property
    def per_month(self) -> Amount | None:
        return None if self.pace is None else self.estimate.cost.times(self.pace.runs)

    @property
    def busiest_day_usd_by_provider(self) -> dict[str, Decimal]:
        """Of one run where none are planned."""
        runs = 1 if self.pace is None else self.pace.runs_on_busiest_day
        return {provider: usd * runs for provider, usd in self.estimate.usd_by_provider.items()}

    @property
    def month_usd_by_provider(self) -> dict[str, Decimal]:
        """Of one run where none are planned."""
        runs = 1 if self.pace is None else self.pace.runs
        return {provider: usd * runs for provider, usd in self.estimate.usd_by_provider.items()}


def pace_of(timetable: Timetable, now: datetime) -> Pace:
    """Counted instant by instant."""
    by_day = Counter(instant.astimezone(UTC).date() for instant in timetable.between(now, now + MONTH))
    return Pace(runs=by_day.total(), runs_on_busiest_day=max(by_day.values(), default=0))


def per_day(cost: Amount, pace: Pace) -> Amount:
    return cost.times(Decimal(pace.runs) / MONTH.days)


class Estimator:
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
        return estimate_run(suite, targets, self._assembly().prices, self._usages, self._clock.now())

    async def requested(
        self, job: str | None, suite: str | None, targets: Sequence[str]
    ) -> tuple[Forecast, ...]:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFit:
    """One limit. `expected_usd` is for a run by hand, or for all jobs on their busiest day or in 30 days.

    A run by hand has to fit into what is left now, jobs into the limit.
    """

    limit: BudgetLimit
    spent_usd: Decimal
    expected_usd: Decimal
    by_hand: bool

    @property
    def fits(self) -> bool:
        room = self.limit.usd - self.spent_usd if self.by_hand else self.limit.usd
        return not self.expected_usd or round(self.expected_usd, 9) <= round(room, 9)


def budget_fits(
    limits: Iterable[BudgetLimit],
    asked: Sequence[Forecast],
    all_jobs: Sequence[Forecast],
    ledger: Ledger,
    name: str,
) -> tuple[BudgetFit, ...]:
    """Of the limits that cover anything of what was requested. `name` is that of a run by hand."""
    found = []
    for limit in limits:
        if not any(limit.covers(each.provider, f.job or name) for f in asked for each in f.estimate.targets):
            continue
        by_hand = any(forecast.job is None for forecast in asked)
        counted = asked if by_hand else all_jobs
        found.append(
            BudgetFit(
                limit=limit,
                spent_usd=ledger.standing(limit).spent_usd,
                expected_usd=sum((_expected(limit, each, name) for each in counted), Decimal(0)),
                by_hand=by_hand,
            )
        )
    return tuple(found)


def _expected(limit: BudgetLimit, forecast: Forecast, name: str) -> Decimal:
    usd = forecast.busiest_day_usd_by_provider if limit.span == "day" else forecast.month_usd_by_provider
    return limit.of_estimate(SpendEstimate(job=forecast.job or name, usd_by_provider=usd))
