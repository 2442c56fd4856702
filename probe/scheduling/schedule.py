"""When jobs run: a planned instant becomes a slot, and a slot becomes a run once, ever.

- The latest instant that is due runs, unless it is older than the grace: a run at the wrong time is no
  measurement of that time.
- Every older one is counted as missed, be it that we were down, asleep or blocked; nothing is caught up.
- A slot that is due while the job's run before is still going is counted as overlapped.
- A slot is claimed in the store before it runs. Where the store cannot be written, the claim is tried again
  until the grace is over.
- A job that is to run at the start does so once, beside its slots, unless a slot is due just then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog

from probe.errors import StoreError, StoreUnavailable
from probe.facts.slot import Slot
from probe.facts.status import JobStatus
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.tasks import finish
from probe.scheduling.due import Due, Missed, all_missed, sift
from probe.scheduling.job import Duty, Past, ScheduledJob
from probe.scheduling.timer import Ticker

_log = structlog.get_logger("probe.scheduling.schedule")

# How late a slot may still run, and from when on its run counts as late.
GRACE_SECONDS = 60.0
LATE_AFTER_SECONDS = 1.0
_CLAIM_PAUSE_SECONDS = 2.0
# What lies further back is not counted: a clock that was wrong by years is no outage of years.
_LONGEST_OUTAGE = timedelta(days=400)
# Less than this is the clock being set right.
_SET_BACK = timedelta(seconds=1)


class Claims(Protocol):
    """What the schedule asks of the store; every method may raise StoreUnavailable."""

    async def claim(
        self, slot: Slot, /, *, suite: str, planned_attempts: int | None, late_seconds: float
    ) -> UUID | None:
        """The id of the run that the slot became; None where it was taken before, by whomever."""
        ...

    async def record_missed(self, job: str, first: datetime, last: datetime, count: int, /) -> bool:
        """False where they were counted before."""
        ...

    async def record_overlap(self, slot: Slot, /) -> bool:
        """False where the slot was counted or claimed before."""
        ...

    async def last_slot(self, job: str, /) -> Slot | None:
        """The latest planned instant of the job that was claimed or counted."""
        ...

    async def last_run_at(self, job: str, /) -> datetime | None:
        """When a run of the job was last started, by its slot or at a start."""
        ...

    async def start(
        self, *, run_name: str, triggered_by: str, suite: str, planned_attempts: int | None
    ) -> UUID:
        """The id of a run without a slot."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Jobs that can be put in force at once: all that the store had to be asked for them is known."""

    jobs: tuple[ScheduledJob, ...]
    pasts: Mapping[str, Past]


class Schedule:
    """Runs jobs at their slots. Used from one event loop."""

    def __init__(
        self,
        claims: Claims,
        clock: Clock,
        *,
        grace_seconds: float = GRACE_SECONDS,
        late_after_seconds: float = LATE_AFTER_SECONDS,
    ) -> None:
        self._claims = claims
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._late_after_seconds = late_after_seconds
        self._duties: dict[str, Duty] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._notes: deque[Callable[[], Awaitable[bool]]] = deque()
        self._noting = asyncio.Lock()
        self._paused = False
        self._latest_now = clock.now()
        self._ticker = Ticker(self.look, self.beat)

    @property
    def running(self) -> bool:
        """Slots are run: started, and neither paused nor closed."""
        return self._ticker.running and not self._paused

    async def start(self, jobs: Sequence[ScheduledJob]) -> None:
        """Begin, counting what was missed since each job's last slot. Raises StoreError."""
        self.put_in_force(await self.prepare(jobs))
        self._ticker.start()
        for duty in self._duties.values():
            if duty.job.at_start:
                self._spawn(self._run_at_start(duty, duty.job), duty.job.name)

    async def prepare(self, jobs: Sequence[ScheduledJob]) -> Programme:
        """Ask the store about jobs that are new. Changes nothing; raises StoreError."""
        new = [job.name for job in jobs if job.name not in self._duties]
        pasts = {
            name: Past(await self._claims.last_slot(name), await self._claims.last_run_at(name))
            for name in new
        }
        return Programme(jobs=tuple(jobs), pasts=pasts)

    def put_in_force(self, programme: Programme) -> None:
        """From now on these jobs, and no others; nothing was put in force since they were prepared.

        Runs under way go on; a job whose name stays keeps its counts, and its place in an equal timetable.
        """
        now = self._clock.now()
        duties: dict[str, Duty] = {}
        for job in programme.jobs:
            duty = self._duties.get(job.name)
            if duty is None:
                duty = Duty(job, programme.pasts[job.name], now)
            else:
                duty.take_over(job, now)
            duty.interval_seconds = job.timetable.interval_seconds(now)
            duties[job.name] = duty
        self._duties = duties
        for name in duties:
            self.look(name)
        self._plan(now)

    def status(self) -> tuple[JobStatus, ...]:
        """Of the configured jobs."""
        return self._statuses(chores=False)

    def chores(self) -> tuple[JobStatus, ...]:
        """The same of what is done beside them."""
        return self._statuses(chores=True)

    def _statuses(self, *, chores: bool) -> tuple[JobStatus, ...]:
        now = None if self._paused else self._clock.now()
        return tuple(duty.status(now) for duty in self._duties.values() if duty.job.chore == chores)

    def pause(self) -> None:
        """Claim nothing any more; runs under way go on."""
        self._paused = True
        self._ticker.pause()

    async def drain(self, deadline_seconds: float) -> bool:
        """Pause, and wait for the runs under way; handlers still there at the deadline are cancelled.

        True where none had to be. All of them have ended afterwards.
        """
        self.pause()
        late = await finish(self._tasks, deadline_seconds)
        if late:
            _log.warning("runs were cancelled at the deadline", runs=late)
        return not late

    async def close(self) -> None:
        """End. Runs under way are cancelled; what could not be counted in the store is tried once more."""
        await self.drain(0)
        await self._ticker.close()
        await self._write_notes()

    # Looking ----------------------------------------------------------------------------------------------

    def look(self, name: str) -> None:
        """Deal with what is due of one job; called at every planned instant."""
        duty = self._duties.get(name)
        if duty is None or self._paused:
            return
        now = self._clock.now()
        self._latest_now = max(self._latest_now, now)
        since = max(duty.seen_until, now - _LONGEST_OUTAGE)
        due = sift(duty.job.timetable.between(since, now), now, self._grace_seconds)
        duty.seen_until = max(duty.seen_until, now)
        if due != Due():
            self._spawn(self._deal_with(duty, duty.job, due), name)

    def beat(self) -> None:
        """Notice what no planned instant brings up; called every few seconds."""
        now, before = self._clock.now(), self._latest_now
        self._latest_now = now
        if before - now > _SET_BACK:
            _log.warning("the clock was set back", seconds=(before - now).total_seconds())
            for duty in self._duties.values():
                duty.seen_until = min(duty.seen_until, now)
            self._plan(now)
        if self._notes:
            self._spawn(self._write_notes(), "notes")

    def _plan(self, now: datetime) -> None:
        self._ticker.plan({name: duty.job.timetable for name, duty in self._duties.items()}, now)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"job {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Dealing ----------------------------------------------------------------------------------------------

    async def _deal_with(self, duty: Duty, job: ScheduledJob, due: Due) -> None:
        busy_with = duty.busy_with
        if due.run is not None and busy_with is None:
            with duty.busy(due.run):
                await self._deal_with_missed(duty, job, due)
                await self._write_notes()
                slot = Slot(job=job.name, planned_at=due.run)
                run_id = await self._claim(duty, job, slot)
                if run_id is not None:
                    await self._run(duty, job, slot, run_id)
            return
        await self._deal_with_missed(duty, job, due)
        # After a clock was set back its slots come again: the one that is going is no overlap of itself.
        if due.run is not None and busy_with is not None and due.run > busy_with:
            await self._overlap(duty, Slot(job=job.name, planned_at=due.run))

    async def _deal_with_missed(self, duty: Duty, job: ScheduledJob, due: Due) -> None:
        if due.missed is not None:
            await self._miss(duty, job, due.missed)

    async def _run_at_start(self, duty: Duty, job: ScheduledJob) -> None:
        """Tried once: it stands for no instant that somebody would miss."""
        if self._paused or duty.busy_with is not None:
            return
        slot = Slot(job=job.name, planned_at=self._clock.now())
        with duty.busy(slot.planned_at):
            try:
                run_id = await self._claims.start(
                    run_name=job.name,
                    triggered_by="start",
                    suite=job.suite,
                    planned_attempts=job.planned_attempts,
                )
            except StoreError as exc:
                _log.error("the run at the start cannot begin", job=job.name, error=str(exc))
                return
            await self._run(duty, job, slot, run_id)

    async def _claim(self, duty: Duty, job: ScheduledJob, slot: Slot) -> UUID | None:
        """None: somebody else has the slot, or it could not be claimed in time."""
        while not self._paused:
            late_seconds = (self._clock.now() - slot.planned_at).total_seconds()
            if late_seconds > self._grace_seconds:
                break
            try:
                run_id = await self._claims.claim(
                    slot, suite=job.suite, planned_attempts=job.planned_attempts, late_seconds=late_seconds
                )
            except StoreUnavailable as exc:
                _log.error("a slot cannot be claimed yet", job=job.name, error=str(exc))
                await self._clock.sleep(_CLAIM_PAUSE_SECONDS)
                continue
            except StoreError as exc:
                _log.error("a slot cannot be claimed", job=job.name, error=str(exc))
                break
            if run_id is not None and late_seconds > self._late_after_seconds:
                duty.late += 1
                _log.warning("a run is late", job=job.name, seconds=round(late_seconds, 3))
            return run_id
        else:
            return None
        await self._miss(duty, job, Missed(slot.planned_at, slot.planned_at, 1))
        return None

    async def _run(self, duty: Duty, job: ScheduledJob, slot: Slot, run_id: UUID) -> None:
        duty.runs += 1
        duty.last_run_at = self._clock.now()
        started_ns = self._clock.monotonic_ns()
        try:
            await job.handler(slot, run_id)
        except Exception:  # noqa: BLE001
            # Whatever a run does, the next one is due at its time.
            _log.exception("a run failed", job=job.name, run=str(run_id))
        finally:
            duty.last_duration_seconds = (self._clock.monotonic_ns() - started_ns) / NS_PER_SECOND

    async def _miss(self, duty: Duty, job: ScheduledJob, missed: Missed) -> None:
        counted = await self._not_taken_elsewhere(job, missed)
        if counted is None:
            return
        duty.missed += counted.count
        first, last = counted.first.isoformat(), counted.last.isoformat()
        _log.warning("slots missed", job=job.name, slots=counted.count, first=first, last=last)
        await self._note(
            partial(self._claims.record_missed, job.name, counted.first, counted.last, counted.count)
        )

    async def _not_taken_elsewhere(self, job: ScheduledJob, missed: Missed) -> Missed | None:
        """Without the instants that the store knows already: another daemon ran while we slept."""
        try:
            known = await self._claims.last_slot(job.name)
        except StoreError:
            return missed
        if known is None or known.planned_at < missed.first:
            return missed
        return all_missed(job.timetable.between(known.planned_at, missed.last))

    async def _overlap(self, duty: Duty, slot: Slot) -> None:
        duty.overlapped += 1
        _log.warning("a slot overlaps the run before", job=slot.job, slot=slot.planned_at.isoformat())
        await self._note(partial(self._claims.record_overlap, slot))

    # Notes ------------------------------------------------------------------------------------------------

    async def _note(self, write: Callable[[], Awaitable[bool]]) -> None:
        """Count something in the store, later if it must be."""
        self._notes.append(write)
        await self._write_notes()

    async def _write_notes(self) -> None:
        async with self._noting:
            while self._notes:
                try:
                    await self._notes[0]()
                except StoreUnavailable as exc:
                    _log.error("counts wait for the database", notes=len(self._notes), error=str(exc))
                    return
                except StoreError as exc:
                    _log.error("a count was refused", error=str(exc))
                self._notes.popleft()
