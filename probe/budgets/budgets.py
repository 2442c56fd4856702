"""Keeps runs within the budgets: a run that does not fit is skipped as a whole, never begun and cut short.

What counts is what the store says: it is read at the start, every minute, and before each run that a budget
covers; in between the results that this process stores are added as they are stored. So nothing is lost with
the process, and what others spend on the same database counts, too. A run reserves its estimate; runs of
others that are under way and began earlier count with what is estimated to come of them. Two that begin
within the milliseconds in which neither sees the other's row may both begin.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from probe.bootstrap.assembly import Assembly
from probe.budgets.estimate import NOTHING, Estimate
from probe.budgets.events import events_of, freed
from probe.budgets.forecast import Estimator, Forecast
from probe.budgets.ledger import (
    BudgetLimit,
    Ledger,
    Period,
    Shortfall,
    Span,
    SpendEstimate,
    Spent,
    limits_of,
    period_of,
    skipped_for,
)
from probe.errors import StoreError, StoreUnavailable
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.facts.status import BudgetStatus, JobCost, MoneyStatus
from probe.lib.clock import Clock
from probe.lib.shared_lock import SharedLock
from probe.lib.tasks import periodically
from probe.probing.run import RunPlan
from probe.store.records import RunFilter, RunRecord
from probe.store.spending import SpendRow
from probe.store.store import Store

_log = structlog.get_logger("probe.budgets.budgets")

_EVERY_SECONDS: Final = 60.0
_ESTIMATE_EVERY: Final = timedelta(minutes=5)
# What was spent before today changes only where results were put aside and come late.
_EARLIER_EVERY: Final = timedelta(minutes=10)
_READING_SECONDS: Final = 10.0
_OPEN_RUNS: Final = 100
SKIP_REASONS: Final = ("budget_day", "budget_month")


class Budgets:
    """`assembly` gives the configuration in force: its budgets hold from then on, with what was spent before.

    `storing` is the recorder's, whose listener `count` is: what is read from the store and what is counted
    beside it do not overlap. `skipped` counts runs by job and reason since the start, `estimator` estimates
    them, `ledger` has the sums.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        assembly: Callable[[], Assembly],
        storing: SharedLock | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._assembly = assembly
        self.ledger = Ledger(clock.now())
        self._storing = storing or SharedLock()
        self._one_at_a_time = asyncio.Lock()
        self._news = asyncio.Event()
        self._estimated_at: datetime | None = None
        self._earlier: Spent = {}
        self._earlier_day: Period | None = None
        self._earlier_until = clock.now()
        self._notified: set[tuple[str, str, str]] = set()
        self._refused: dict[tuple[str, Span], str] = {}
        # Limits into which a run did not fit, and none has since, with their period.
        self._full: dict[tuple[str, Span], str] = {}
        self._refusals: Counter[tuple[str, Span]] = Counter()
        self._unpriced: set[str] = set()
        self.skipped: Counter[tuple[str, str]] = Counter()
        self.estimator = Estimator(store, clock, assembly)

    async def load(self) -> None:
        """Take over what was spent and skipped before. Raises StoreError."""
        since = period_of("month", period_of("month", self._clock.now()).start - timedelta(days=1)).start
        page = await self._store.runs.page(RunFilter(status="skipped", since=since), limit=_OPEN_RUNS)
        for run in reversed(page.items):
            found = skipped_for(run.note)
            if found is not None:
                budget, span, key = found
                self._refused[budget, span] = self._full[budget, span] = key
        await self._read()
        await self._estimate()

    async def run(self) -> None:
        """Read, estimate and tell, every minute and when there is news, until cancelled."""
        await periodically(
            self._update,
            _EVERY_SECONDS,
            self._clock,
            wake=self._news,
            log_error=partial(_log.error, "budgets wait for the database"),
        )

    async def _update(self) -> None:
        """Raises StoreError."""
        if self._estimated_at is None or self._clock.now() >= self._estimated_at + _ESTIMATE_EVERY:
            await self._estimate()
        async with self._one_at_a_time:
            await self._read()
        await self.tell()

    def wake(self) -> None:
        """Another configuration is in force."""
        self._estimated_at = None
        self._news.set()

    # Runs -------------------------------------------------------------------------------------------------

    async def admit(self, plan: RunPlan) -> Shortfall | None:
        """Reserve what a run is estimated at, until `release`. Returns None if it fits, else why it does not.

        The run's row is in the store by then. While the store cannot be read, what was read last counts.
        """
        estimate = self.estimator.of(plan.suite, plan.targets)
        needed = SpendEstimate(job=plan.name, usd_by_provider=estimate.usd_by_provider)
        async with self._one_at_a_time:
            limits = [
                limit
                for limit in limits_of(self._assembly().config.budgets)
                if any(limit.covers(provider, plan.name) for provider in needed.usd_by_provider)
            ]
            other_runs: Sequence[SpendEstimate] = ()
            if limits:
                self._warn_unpriced(estimate, plan.name, limits)
                try:
                    other_runs = await self._other_runs(plan.run_id)
                    await self._read()
                except StoreError as exc:
                    _log.error("a run is judged by what was spent when last read", error=str(exc))
            self.ledger.roll(self._clock.now())
            shortfall = self.ledger.shortfall(limits, needed, other_runs)
            if shortfall is None:
                self.ledger.reserve(plan.run_id, needed)
                for limit in limits:
                    self._full.pop((limit.budget, limit.span), None)
            else:
                self._refuse(plan.name, shortfall)
            return shortfall

    def release(self, run_id: UUID) -> None:
        """The run has ended, and its results are stored."""
        self.ledger.release(run_id)
        self._news.set()

    def _refuse(self, job: str, shortfall: Shortfall) -> None:
        standing = shortfall.standing
        limit = standing.limit
        self._refused[limit.budget, limit.span] = self._full[limit.budget, limit.span] = standing.period.key
        self._refusals[limit.budget, limit.span] += 1
        self.skipped[job, f"budget_{limit.span}"] += 1
        self._news.set()

    def _warn_unpriced(self, estimate: Estimate, job: str, limits: Sequence[BudgetLimit]) -> None:
        """Once for each target."""
        covered = {
            each.target
            for each in estimate.targets
            if each.cost is None and any(limit.covers(each.provider, job) for limit in limits)
        }
        new = sorted(covered - self._unpriced)
        if new:
            self._unpriced.update(new)
            _log.warning("no price is known, so that no budget counts these", targets=new)

    # What is spent ----------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Ask the store; alone, so that no result is counted twice or not at all. Raises StoreError."""
        try:
            async with asyncio.timeout(_READING_SECONDS), self._storing.exclusive():
                now = self._clock.now()
                day, month = period_of("day", now), period_of("month", now)
                today = _spent(await self._store.spending.by_job(day.start, day.end))
                if self._earlier_day != day or now >= self._earlier_until:
                    self._earlier = _spent(await self._store.spending.by_job(month.start, day.start))
                    self._earlier_day, self._earlier_until = day, now + _EARLIER_EVERY
                self.ledger.roll(now)
                self.ledger.replace(earlier=self._earlier, today=today)
        except TimeoutError as exc:
            raise StoreUnavailable("the database does not answer") from exc

    async def count(self, sample: Sample) -> None:
        """Add a stored sample of a run that this process knows; others come with the next look at the store.

        `storing` is held shared from before the sample was stored.
        """
        job = self.ledger.job_of(sample.run_id)
        if sample.cost is None or job is None:
            return
        self.ledger.roll(self._clock.now())
        provider, usd = sample.target.provider, sample.cost.total_usd
        self.ledger.add(provider, job, usd, sample.ended_at)
        if sample.ended_at not in self.ledger.day:
            self._earlier_day = None
        self.ledger.use(sample.run_id, provider, usd)
        if self._due_events():
            self._news.set()

    async def _other_runs(self, run_id: UUID) -> list[SpendEstimate]:
        """Runs of other programs, and such of this one that are yet to ask, that began before."""
        page = await self._store.runs.page(RunFilter(status="running"), limit=_OPEN_RUNS)
        own = next((_place(run) for run in page.items if run.id == run_id), None)
        before = [
            run
            for run in page.items
            if run.id != run_id and (own is None or _place(run) < own) and not self.ledger.holds(run.id)
        ]
        bills = [self._still_to_come(run) for run in before]
        return [estimate for estimate in bills if estimate is not None]

    def _still_to_come(self, run: RunRecord) -> SpendEstimate | None:
        """By the job of its name, else by its suite over all targets; None if that tells nothing."""
        assembly = self._assembly()
        job = next((each for each in assembly.config.jobs if each.name == run.run_name), None)
        suite = assembly.suites.get(run.suite)
        if suite is None or not run.planned_attempts:
            return None
        targets = assembly.choose(job.targets) if job is not None else assembly.targets
        estimate = self.estimator.of(suite, targets)
        if not estimate.attempts:
            return None
        share = Decimal(max(run.planned_attempts - run.attempts, 0)) / estimate.attempts
        usd = {provider: usd * share for provider, usd in estimate.usd_by_provider.items()}
        return SpendEstimate(job=run.run_name, usd_by_provider=usd)

    # Events -----------------------------------------------------------------------------------------------

    async def tell(self) -> None:
        """Write the events that are due. Raises StoreError; then they are tried again."""
        self.ledger.roll(self._clock.now())
        due = list(self._due_events())
        if not due:
            return
        for event in await self._store.events.add(due):
            _log.warning("a budget is worth a look", kind=event.kind, text=event.text)
        self._notified.update((event.kind, event.scope or "", event.key) for event in due)
        for event in due:
            if event.kind == "budget_freed":
                self._forget(event)

    def _due_events(self) -> list[Event]:
        now = self._clock.now()
        found: list[Event] = []
        for limit in self._limits:
            standing = self.ledger.standing(limit)
            key = self._refused.get((limit.budget, limit.span))
            found += events_of(standing, skipped=key == standing.period.key, now=now)
            if key is not None and key < standing.period.key:
                found.append(freed(standing, now))
        return [each for each in found if (each.kind, each.scope or "", each.key) not in self._notified]

    def _forget(self, event: Event) -> None:
        """What was skipped in an earlier period is dealt with."""
        for (budget, span), key in list(self._refused.items()):
            if budget == event.scope and span == event.data["span"] and key < event.key:
                del self._refused[budget, span]

    # What is shown ----------------------------------------------------------------------------------------

    def status(self) -> MoneyStatus:
        self.ledger.roll(self._clock.now())
        today = self.ledger.today
        by_provider = {name: Decimal(0) for name in self._assembly().config.providers}
        for (provider, _), usd in today.items():
            by_provider[provider] = by_provider.get(provider, Decimal(0)) + usd
        jobs = [job.name for job in self._assembly().config.jobs]
        known = {(job, reason): 0 for job in jobs for reason in SKIP_REASONS}
        return MoneyStatus(
            today_usd=sum(today.values(), Decimal(0)),
            month_usd=sum(self.ledger.this_month.values(), Decimal(0)),
            today_usd_by_provider=by_provider,
            budgets=tuple(self._status_of(limit) for limit in self._limits),
            jobs=tuple(_job_cost(each) for each in self.estimator.forecasts),
            skipped_runs=known | self.skipped,
        )

    def _status_of(self, limit: BudgetLimit) -> BudgetStatus:
        standing = self.ledger.standing(limit)
        return BudgetStatus(
            budget=limit.budget,
            span=limit.span,
            limit_usd=limit.usd,
            spent_usd=standing.spent_usd,
            reserved_usd=standing.reserved_usd,
            since=standing.period.start,
            until=standing.period.end,
            provider=limit.provider,
            job=limit.job,
            skipped_runs=self._refusals[limit.budget, limit.span],
            exhausted=standing.reached(Decimal(1))
            or self._full.get((limit.budget, limit.span)) == standing.period.key,
        )

    # Within -----------------------------------------------------------------------------------------------

    @property
    def _limits(self) -> tuple[BudgetLimit, ...]:
        return limits_of(self._assembly().config.budgets)

    async def _estimate(self) -> None:
        self._estimated_at = self._clock.now()
        await self.estimator.refresh()


def _place(run: RunRecord) -> tuple[datetime, UUID]:
    """In the order in which runs began: the same for all programs."""
    return run.started_at, run.id


def _spent(rows: Iterable[SpendRow]) -> Spent:
    return {(row.provider, row.job): row.usd for row in rows}


def _job_cost(forecast: Forecast) -> JobCost:
    month = forecast.per_month or NOTHING
    return JobCost(
        job=forecast.job or "",
        run_usd=forecast.estimate.cost.usd,
        month_usd=month.usd,
        month_low_usd=month.low_usd,
        month_high_usd=month.high_usd,
        unpriced=len(forecast.estimate.unpriced),
    )
