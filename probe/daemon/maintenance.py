"""What the daemon does on schedule beside its jobs: claimed and recorded as a run is, without any attempt.

The names of chores are reserved: see `probe.config.values.RESERVED_JOBS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from probe.daemon.ending import Endings
from probe.daemon.phase import Phase
from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.scheduling.cron import CronTimetable
from probe.scheduling.job import ScheduledJob
from probe.store import RunEnd, Store

# Told what it was triggered by (schedule, start); True where all of it was done.
Work = Callable[[str], Awaitable[bool]]


class Chores:
    """Makes scheduled jobs of work, and ends their rows."""

    def __init__(self, store: Store, phase: Phase, clock: Clock) -> None:
        self._store = store
        self._endings = Endings(store, phase, clock)

    def job(self, name: str, cron: str, timezone: str, work: Work, *, at_start: bool = False) -> ScheduledJob:
        """A run of it is `failed` where the work was not all done, `interrupted` where it was cancelled."""

        async def handle(_: Slot, run_id: UUID) -> None:
            await self._carry_out(name, run_id, work)

        return ScheduledJob(
            name=name,
            timetable=CronTimetable.parse(cron, timezone),
            handler=handle,
            suite=name,
            at_start=at_start,
            chore=True,
        )

    async def _carry_out(self, name: str, run_id: UUID, work: Work) -> None:
        status: RunEnd = "failed"
        try:
            run = await self._store.runs.get(run_id)
            if await work("schedule" if run is None else run.triggered_by):
                status = "finished"
        except asyncio.CancelledError:
            status = "interrupted"
            raise
        finally:
            await self._endings.end(run_id, name, status)
