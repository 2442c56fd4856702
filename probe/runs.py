"""Carries runs out under a configuration in force, sees their samples stored, and ends their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from probe.assembly import Assembly
from probe.clock import Clock
from probe.config import JobConfig
from probe.errors import StoreError
from probe.generation import Generation
from probe.recorder import Recorder
from probe.runner import RunPlan, RunSummary
from probe.store import RunEnd, Store

_log = structlog.get_logger("probe.runs")

_PAUSE_SECONDS = 2.0


class Runs:
    """Every run of the daemon, by schedule or by hand."""

    def __init__(self, store: Store, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._in_background: set[asyncio.Task[None]] = set()
        self._closing = False

    def begin(self, generation: Generation, plan: RunPlan) -> None:
        """Carry a run out without being waited for."""
        task = asyncio.create_task(self.carry_out(generation, plan), name=f"run {plan.name}")
        self._in_background.add(task)
        task.add_done_callback(self._in_background.discard)

    async def carry_out(self, generation: Generation, plan: RunPlan) -> None:
        """Make every attempt of a run; its row is ended afterwards, whatever happened."""
        status: RunEnd = "failed"
        try:
            with generation.use():
                summary = await generation.runner.run(plan, self._recorder.record)
            status = "interrupted" if summary.waiting or summary.cancelled else "finished"
            _say(plan, summary)
            await self._recorder.flush()
        except asyncio.CancelledError:
            status = "interrupted"
            raise
        finally:
            await self._finish(plan, status)

    def closing(self) -> None:
        """From now on a store that is out is not waited for."""
        self._closing = True

    async def aclose(self, deadline_seconds: float) -> None:
        """Wait for what was begun, and cancel what is left at the deadline."""
        self.closing()
        if not self._in_background:
            return
        _, late = await asyncio.wait(self._in_background, timeout=deadline_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _finish(self, plan: RunPlan, status: RunEnd) -> None:
        """End the run's row, later while the store is out. The next start closes what is left open."""
        while True:
            try:
                await self._store.finish_run(plan.run_id, status)
                return
            except StoreError as exc:
                _log.error("a run cannot be closed", run=plan.name, id=str(plan.run_id), error=str(exc))
                if exc.permanent or self._closing:
                    return
                await self._clock.sleep(_PAUSE_SECONDS)


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
