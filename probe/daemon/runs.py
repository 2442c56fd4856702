"""Carries runs out under the configuration in force, sees their samples stored, and ends their rows."""

from __future__ import annotations

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
from probe.config import JobConfig
from probe.daemon.ending import Endings
from probe.daemon.generation import Generation, Generations
from probe.daemon.phase import Phase
from probe.errors import NotRunning, OverBudget
from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.lib.tasks import finish
from probe.probing.runner import RunPlan, RunSummary, Skip
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import ScheduledJob
from probe.store import RunEnd, Store
from probe.store.recorder import Recorder

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
        phase: Phase,
        clock: Clock,
        budgets: Budgets,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._generations = generations
        self._phase = phase
        self._clock = clock
        self._budgets = budgets
        self._endings = Endings(store, phase, clock)
        self._by_hand: set[asyncio.Task[None]] = set()
        self.skipped: Counter[Skip] = Counter()

    def scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        """The jobs of a configuration. Raises ConfigError where one asks for what is not there."""
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
        self._phase.require_running()
        generation = self._generations.current
        with ExitStack() as holding:
            assembly = holding.enter_context(generation.use())
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
                self._phase.require_running()
            except NotRunning:
                self._budgets.release(run_id)
                await self._endings.end(run_id, name, "interrupted")
                raise
            task = asyncio.create_task(self._unattended(generation, plan), name=f"run {name}")
            self._by_hand.add(task)
            task.add_done_callback(self._by_hand.discard)
            task.add_done_callback(partial(_let_go, holding.pop_all()))
        return run_id

    async def aclose(self, deadline_seconds: float) -> None:
        """Wait for what was begun by hand, and cancel what is left at the deadline."""
        await finish(self._by_hand, deadline_seconds)

    async def _run_slot(self, name: str, slot: Slot, run_id: UUID) -> None:
        """What the job says now: a slot that was claimed under one configuration runs under the next."""
        generation = self._generations.current
        # From here on: while the budgets are asked another configuration may come, and close this one.
        with generation.use() as assembly:
            job = next((each for each in assembly.config.jobs if each.name == name), None)
            if job is None:
                _log.warning("a job was removed as its run began", job=name)
                await self._endings.end(run_id, name, "interrupted")
                return
            plan = plan_of(assembly, job, run_id, name, slot.planned_at)
            if await self._admit(plan) is None:
                await self._carry_out(generation, plan)

    async def _admit(self, plan: RunPlan) -> Shortfall | None:
        """Ask the budgets. The row of a run that does not fit is ended; None: `_carry_out` is due."""
        asked = False
        try:
            shortfall = await self._budgets.admit(plan)
            asked = True
        finally:
            if not asked:
                await self._endings.end(plan.run_id, plan.name, "interrupted")
        if shortfall is not None:
            _log.warning("a run is skipped", run=plan.name, reason=shortfall.note)
            await self._endings.end(plan.run_id, plan.name, "skipped", note=shortfall.note)
        return shortfall

    async def _unattended(self, generation: Generation, plan: RunPlan) -> None:
        try:
            await self._carry_out(generation, plan)
        except Exception:  # noqa: BLE001  nobody waits for this task
            _log.exception("a run failed", run=plan.name, id=str(plan.run_id))

    async def _carry_out(self, generation: Generation, plan: RunPlan) -> None:
        """Make every attempt of a run of a generation that is held; its row is ended, whatever happened."""
        status: RunEnd = "failed"
        skipped: int | None = None
        try:
            summary = await generation.runner.run(plan, self._recorder.record)
            status = "interrupted" if summary.waiting or summary.cancelled else "finished"
            skipped = summary.skipped
            self.skipped.update(summary.skips)
            _say(plan, summary)
            await self._recorder.flush()
        except asyncio.CancelledError:
            status = "interrupted" if skipped is None else status
            raise
        finally:
            self._budgets.release(plan.run_id)
            await self._endings.end(plan.run_id, plan.name, status, skipped=skipped)


def _let_go(holding: ExitStack, _: asyncio.Task[None]) -> None:
    holding.close()


def _say(plan: RunPlan, summary: RunSummary) -> None:
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
    """How many attempts a run makes. Raises ConfigError where suite or targets are unknown."""
    return len(assembly.choose(targets)) * len(assembly.suite(suite).cases)
