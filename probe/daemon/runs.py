"""Runs under the configuration in force: every attempt made, every sample stored, every row ended."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.budgets.ledger import Shortfall
from probe.config.probing import JobConfig
from probe.daemon.generation import ConfigGeneration, Generations
from probe.daemon.lifecycle import LifecycleState
from probe.daemon.maintenance import RunRows
from probe.errors import NotRunning, OverBudget
from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.lib.tasks import DetachedTasks
from probe.probing.run import RunPlan, RunSummary, Skip
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import ScheduledJob
from probe.store.recorder import Recorder
from probe.store.records import RunEnd
from probe.store.store import Store

_log = structlog.get_logger("probe.daemon.runs")


class Runs:
    """Every run of the daemon, by a job or by hand.

    `skipped` counts by provider and reason, since the start, the attempts that were not made.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        generations: Generations,
        lifecycle: LifecycleState,
        clock: Clock,
        budgets: Budgets,
        rows: RunRows,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._generations = generations
        self._lifecycle = lifecycle
        self._clock = clock
        self._budgets = budgets
        self._rows = rows
        self._by_hand = DetachedTasks()
        self.skipped: Counter[Skip] = Counter()

    def scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        """The jobs of a configuration. Raises ConfigError if one names what is not there."""
        return [
            ScheduledJob(
                name=job.name,
                timetable=CronTimetable.parse(job.cron, job.timezone),
                handler=partial(self._run_slot, job.name),
                suite=job.suite,
                targets=tuple(dict.fromkeys(plan.target.name for plan in assembly.choose(job.targets))),
                planned_attempts=size_of(assembly, job.suite, job.targets),
                at_start=job.run_at_start,
            )
            for job in assembly.config.jobs
        ]

    async def by_hand(self, job: JobConfig, name: str, triggered_by: str) -> UUID:
        """Start a run beside the schedule, and do not wait for it. Its row is there.

        Raises ConfigError, StoreError, NotRunning; OverBudget, with its row ended as skipped.
        """
        self._lifecycle.require_running()
        generation = self._generations.current
        with ExitStack() as holding:
            assembly = holding.enter_context(generation.lease())
            run_id = await self._store.runs.start(
                run_name=name,
                triggered_by=triggered_by,
                suite=job.suite,
                planned_attempts=size_of(assembly, job.suite, job.targets),
            )
            plan = plan_of(assembly, job, run_id, name, self._clock.now())
            shortfall = await self._admit(plan)
            if shortfall is not None:
                raise OverBudget(shortfall.note)
            try:
                self._lifecycle.require_running()
            except NotRunning:
                self._budgets.release(run_id)
                await self._rows.finish_run(run_id, name, "interrupted")
                raise
            self._by_hand.start(
                partial(self._run, generation, plan),
                f"run {name}",
                holding=holding.pop_all(),
                log_error=partial(_log.error, "a run failed", run=name, id=str(run_id)),
            )
        return run_id

    async def aclose(self, deadline_seconds: float) -> None:
        """Wait for what was begun by hand, and cancel what is left at the deadline."""
        await self._by_hand.finish(deadline_seconds)

    async def _run_slot(self, name: str, slot: Slot, run_id: UUID) -> None:
        """As the job is now: a slot that was claimed under one configuration runs under the next."""
        generation = self._generations.current
        # From here on: while the budgets decide, another configuration may come, and close this one.
        with generation.lease() as assembly:
            job = next((each for each in assembly.config.jobs if each.name == name), None)
            if job is None:
                _log.warning("a job was removed as its run began", job=name)
                await self._rows.finish_run(run_id, name, "interrupted")
                return
            plan = plan_of(assembly, job, run_id, name, slot.planned_at)
            if await self._admit(plan) is None:
                await self._run(generation, plan)

    async def _admit(self, plan: RunPlan) -> Shortfall | None:
        """Have the budgets decide. Returns None if the run fits; otherwise its row is ended."""
        decided = False
        try:
            shortfall = await self._budgets.admit(plan)
            decided = True
        finally:
            if not decided:
                await self._rows.finish_run(plan.run_id, plan.name, "interrupted")
        if shortfall is not None:
            _log.warning("a run is skipped", run=plan.name, reason=shortfall.note)
            await self._rows.finish_run(plan.run_id, plan.name, "skipped", note=shortfall.note)
        return shortfall

    async def _run(self, generation: ConfigGeneration, plan: RunPlan) -> None:
        """Make every attempt of a run under a generation that is leased; its row is ended in any case."""
        status: RunEnd = "failed"
        skipped: int | None = None
        try:
            summary = await generation.runner.run(plan, self._recorder.record)
            status = "interrupted" if summary.waiting or summary.cancelled else "finished"
            skipped = summary.skipped
            self.skipped.update(summary.skips)
            _log_summary(plan, summary)
            await self._recorder.flush()
        except asyncio.CancelledError:
            status = "interrupted" if skipped is None else status
            raise
        finally:
            self._budgets.release(plan.run_id)
            await self._rows.finish_run(plan.run_id, plan.name, status, skipped=skipped)


def _log_summary(plan: RunPlan, summary: RunSummary) -> None:
    _log.info(
        "run finished",
        run=plan.name,
        attempts=summary.planned,
        ok=summary.ok,
        failed=summary.failed,
        skipped=summary.skipped,
    )


def plan_of(assembly: Assembly, job: JobConfig, run_id: UUID, name: str, planned_at: datetime) -> RunPlan:
    return RunPlan(
        run_id=run_id,
        name=name,
        suite=assembly.suite(job.suite),
        targets=assembly.choose(job.targets),
        planned_at=planned_at,
        spread_seconds=job.spread_seconds,
        concurrency=job.concurrency,
    )


def size_of(assembly: Assembly, suite: str, targets: Sequence[str]) -> int:
    """How many attempts a run makes. Raises ConfigError if suite or targets are unknown."""
    return len(assembly.choose(targets)) * len(assembly.suite(suite).cases)
