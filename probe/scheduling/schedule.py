"""When jobs run: a planned instant becomes a slot, and a slot becomes a run once, ever.

- The latest instant that is due runs, unless it is older than the grace: a run at the wrong time is no
  measurement of that time.
- Every older one is counted as missed, be it that we were down, asleep or blocked; nothing is caught up.
- A slot that is due while the job's previous run is still going is counted as overlapped.
- A slot is claimed in the store before it runs. While the store cannot be written, the claim is tried again
  until the grace is over.
- A job that is to run at the start does so once, beside its slots, unless a slot is due just then.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, Protocol
from uuid import UUID

import structlog

from probe.errors import StoreError, StoreUnavailable
from probe.facts.slot import Slot
from probe.facts.status import JobStatus
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.retry import while_unavailable
from probe.lib.tasks import DetachedTasks, Work
from probe.scheduling.job import (
    DueInstants,
    JobHistory,
    JobState,
    Misfires,
    ScheduledJob,
    all_missed,
    split_misfires,
)
from probe.scheduling.timer import Timer

_log = structlog.get_logger("probe.scheduling.schedule")

# How late a slot may still run, and from when on its run counts as late.
_GRACE_SECONDS = 60.0
LATE_AFTER_SECONDS = 1.0
# What lies further back is not counted: a clock that was wrong by years is no outage of years.
_LONGEST_OUTAGE = timedelta(days=400)
# Less than this is the clock being set right.
_SET_BACK = timedelta(seconds=1)
# By then who was killed before this start is no longer taken for alive (`probe.store.leases`).
_START_AGAIN = timedelta(seconds=35)


class Claims(Protocol):
    """What the schedule needs of the store; every method may raise StoreUnavailable."""

    async def claim(
        self, slot: Slot, /, *, suite: str, planned_attempts: int | None, late_seconds: float
    ) -> UUID | Literal["overlapped"] | None:
        """The id of the run that the slot became; None if it was taken before, by any daemon.

        It is counted as overlapped if another daemon runs the job just then.
        """
        ...

    async def record_missed(self, job: str, first: datetime, last: datetime, count: int, /) -> bool:
        """Returns False if they were counted before."""
        ...

    async def record_overlap(self, slot: Slot, /) -> bool:
        """Returns False if the slot was counted or claimed before."""
        ...

    async def last_slot(self, job: str, /, until: datetime | None = None) -> Slot | None:
        """The latest planned instant of the job that was claimed or counted; given `until`, up to it."""
        ...

    async def last_run_at(self, job: str, /) -> datetime | None:
        """When a run of the job was last started, by its slot or at a start."""
        ...

    async def claim_start(self, *, run_name: str, suite: str, planned_attempts: int | None) -> UUID | None:
        """The id of a run without a slot; None if another daemon that lives made it, or runs the job."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Jobs that can replace others at once: all that the store has to say of them is known."""

    jobs: tuple[ScheduledJob, ...]
    histories: Mapping[str, JobHistory]


class Schedule:
    """Runs jobs at their slots. Used from one event loop."""

    def __init__(
        self,
        claims: Claims,
        clock: Clock,
        *,
        grace_seconds: float = _GRACE_SECONDS,
        late_after_seconds: float = LATE_AFTER_SECONDS,
    ) -> None:
        self._claims = claims
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._late_after_seconds = late_after_seconds
        self._states: dict[str, JobState] = {}
        self._tasks = DetachedTasks()
        self._uncounted: deque[tuple[Callable[[], Awaitable[bool]], Callable[[], None]]] = deque()
        self._counting = asyncio.Lock()
        self._paused = False
        self._latest_now = clock.now()
        self._timer = Timer(self.look, self.beat)

    @property
    def running(self) -> bool:
        """Slots are run: started, and neither paused nor closed."""
        return self._timer.running and not self._paused

    async def start(self, jobs: Sequence[ScheduledJob]) -> None:
        """Begin, counting what was missed since each job's last slot. Raises StoreError."""
        self.replace_jobs(await self.prepare(jobs))
        self._timer.start()
        for state in self._states.values():
            if state.job.at_start:
                state.start_due_at = self._clock.now()
                self._spawn(partial(self._run_at_start, state, state.job), state.job.name)

    async def prepare(self, jobs: Sequence[ScheduledJob]) -> Plan:
        """Read what the store knows of jobs that are new. Changes nothing; raises StoreError."""
        new = [job.name for job in jobs if job.name not in self._states]
        histories = {
            name: JobHistory(await self._last_slot(name), await self._claims.last_run_at(name))
            for name in new
        }
        return Plan(jobs=tuple(jobs), histories=histories)

    async def _last_slot(self, name: str) -> Slot | None:
        """The latest up to now. One ahead of now was claimed by a clock that was wrong, ours or another's."""
        now = self._clock.now()
        last = await self._claims.last_slot(name)
        if last is None or last.planned_at <= now:
            return last
        _log.warning(
            "the last slot lies in the future: a clock was ahead, or this one is behind; it is passed over",
            job=name,
            slot=last.planned_at.isoformat(),
        )
        return await self._claims.last_slot(name, now)

    def replace_jobs(self, plan: Plan) -> None:
        """From now on these jobs, and no others; none may have been replaced since they were prepared.

        Runs under way go on; a job whose name stays keeps its counts, and its place in an equal timetable.
        """
        now = self._clock.now()
        states: dict[str, JobState] = {}
        for job in plan.jobs:
            state = self._states.get(job.name)
            if state is None:
                state = JobState(job, plan.histories[job.name], now)
            else:
                state.replace_job(job, now)
            state.interval_seconds = job.timetable.interval_seconds(now)
            states[job.name] = state
        self._states = states
        for name in states:
            self.look(name)
        self._set_timer(now)

    def status(self) -> tuple[JobStatus, ...]:
        """Of the configured jobs."""
        return self._statuses(maintenance=False)

    def maintenance(self) -> tuple[JobStatus, ...]:
        """The same of what is done beside them."""
        return self._statuses(maintenance=True)

    def _statuses(self, *, maintenance: bool) -> tuple[JobStatus, ...]:
        now = None if self._paused else self._clock.now()
        found = [state for state in self._states.values() if state.job.maintenance == maintenance]
        return tuple(state.status(now) for state in found)

    def pause(self) -> None:
        """Claim nothing any more; runs under way go on."""
        self._paused = True
        self._timer.pause()

    async def drain(self, deadline_seconds: float) -> bool:
        """Pause, and wait for the runs under way; handlers still there at the deadline are cancelled.

        Returns True if none had to be. All of them have ended afterwards.
        """
        self.pause()
        late = await self._tasks.finish(deadline_seconds)
        if late:
            _log.warning("runs were cancelled at the deadline", runs=late)
        return not late

    async def close(self) -> None:
        """End. Runs under way are cancelled; what could not be counted in the store is tried once more."""
        await self.drain(0)
        await self._timer.close()
        await self._write_counts()

    def look(self, name: str) -> None:
        """Deal with what is due of one job; called at every planned instant."""
        state = self._states.get(name)
        if state is None or self._paused:
            return
        now = self._clock.now()
        self._latest_now = max(self._latest_now, now)
        since = max(state.seen_until, now - _LONGEST_OUTAGE)
        due = split_misfires(state.job.timetable.between(since, now), now, self._grace_seconds)
        state.seen_until = max(state.seen_until, now)
        if due != DueInstants():
            self._spawn(partial(self._deal_with, state, state.job, due), name)

    def beat(self) -> None:
        """Notice what no planned instant brings up; called every few seconds."""
        now, before = self._clock.now(), self._latest_now
        self._latest_now = now
        if before - now > _SET_BACK:
            _log.warning("the clock was set back", seconds=(before - now).total_seconds())
            for state in self._states.values():
                state.seen_until = min(state.seen_until, now)
            self._set_timer(now)
        for state in self._states.values():
            if state.start_due_at is not None and now - state.start_due_at > _START_AGAIN:
                self._spawn(partial(self._run_at_start, state, state.job, last_try=True), state.job.name)
        if self._uncounted:
            self._spawn(self._write_counts, "counts")

    def _set_timer(self, now: datetime) -> None:
        self._timer.set({name: state.job.timetable for name, state in self._states.items()}, now)

    def _spawn(self, work: Work, name: str) -> None:
        self._tasks.start(work, f"job {name}")

    async def _deal_with(self, state: JobState, job: ScheduledJob, due: DueInstants) -> None:
        """What becomes of instants that are due.

        1. Those that were missed are counted, without those that another daemon ran.
        2. If nothing is to run now, that is all.
        3. If the job's previous run is still going, the instant is counted as overlapped. After the clock
           was set back instants come again: that of the run itself is no overlap, nor is one that the store
           knows already.
        4. Otherwise the job is running from here on, so that whatever comes due meanwhile overlaps.
        5. Counts that wait for the store are written, so that they are never newer than the claim.
        6. The slot is claimed. If another daemon was first, or the store is out until the grace is over, no
           run begins; in the second case the instant is counted as missed.
        7. The job's handler does the run.
        """
        running_since = state.running_since
        if due.run is None or running_since is not None:
            await self._count_missed(state, job, due.missed)
            if due.run is not None and due.run != running_since:
                await self._count_overlapped(state, Slot(job=job.name, planned_at=due.run))
            return
        with state.running(due.run):
            await self._count_missed(state, job, due.missed)
            await self._write_counts()
            slot = Slot(job=job.name, planned_at=due.run)
            run_id = await self._claim(state, job, slot)
            if run_id is not None:
                await self._run(state, job, slot, run_id)

    async def _run_at_start(self, state: JobState, job: ScheduledJob, *, last_try: bool = False) -> None:
        """It stands for no instant that somebody would miss: left once another daemon proves to live."""
        state.start_due_at, due_at = None, state.start_due_at
        if self._paused or state.running_since is not None:
            return
        slot = Slot(job=job.name, planned_at=self._clock.now())
        with state.running(slot.planned_at):
            try:
                run_id = await self._claims.claim_start(
                    run_name=job.name, suite=job.suite, planned_attempts=job.planned_attempts
                )
            except StoreError as exc:
                _log.error("the run at the start cannot begin", job=job.name, error=str(exc))
                return
            if run_id is not None:
                await self._run(state, job, slot, run_id)
                return
        state.start_due_at = None if last_try else due_at
        _log.info("another daemon made the run at the start, or runs the job", job=job.name)

    async def _claim(self, state: JobState, job: ScheduledJob, slot: Slot) -> UUID | None:
        """Returns None if another daemon has the slot or the job, or if it could not be claimed in time."""
        late_seconds = self._late_seconds(slot)

        async def claim() -> UUID | Literal["overlapped"] | None:
            nonlocal late_seconds
            late_seconds = self._late_seconds(slot)
            if self._paused:
                return None
            if late_seconds > self._grace_seconds:
                raise StoreError("it would run too late")
            return await self._claims.claim(
                slot, suite=job.suite, planned_attempts=job.planned_attempts, late_seconds=late_seconds
            )

        try:
            claimed = await while_unavailable(
                claim,
                self._clock,
                log_error=partial(_log.error, "a slot cannot be claimed yet", job=job.name),
                patience_seconds=self._grace_seconds - late_seconds,
            )
        except StoreError as exc:
            _log.error("a slot cannot be claimed", job=job.name, error=str(exc))
            await self._count_missed(state, job, Misfires(slot.planned_at, slot.planned_at, 1))
            return None
        if claimed == "overlapped":
            state.count_overlapped()
            _log.warning(
                "a slot overlaps a run of another daemon", job=job.name, slot=slot.planned_at.isoformat()
            )
            return None
        if claimed is not None and late_seconds > self._late_after_seconds:
            state.late += 1
            _log.warning("a run is late", job=job.name, seconds=round(late_seconds, 3))
        return claimed

    def _late_seconds(self, slot: Slot) -> float:
        return (self._clock.now() - slot.planned_at).total_seconds()

    async def _run(self, state: JobState, job: ScheduledJob, slot: Slot, run_id: UUID) -> None:
        state.runs += 1
        state.last_run_at = self._clock.now()
        started_ns = self._clock.monotonic_ns()
        try:
            await job.handler(slot, run_id)
        except Exception:  # noqa: BLE001
            # Whatever a run does, the next one is due at its time.
            _log.exception("a run failed", job=job.name, run=str(run_id))
        finally:
            state.last_duration_seconds = (self._clock.monotonic_ns() - started_ns) / NS_PER_SECOND

    async def _count_missed(self, state: JobState, job: ScheduledJob, missed: Misfires | None) -> None:
        if missed is not None:
            missed = await self._not_run_elsewhere(job, missed)
        if missed is None:
            return
        first, last = missed.first.isoformat(), missed.last.isoformat()
        _log.warning("slots missed", job=job.name, slots=missed.count, first=first, last=last)
        await self._count(
            partial(self._claims.record_missed, job.name, missed.first, missed.last, missed.count),
            partial(state.count_missed, missed.count),
        )

    async def _not_run_elsewhere(self, job: ScheduledJob, missed: Misfires) -> Misfires | None:
        """Without the instants that the store knows already: another daemon ran while we slept."""
        try:
            known = await self._claims.last_slot(job.name, missed.last)
        except StoreError:
            return missed
        if known is None or known.planned_at < missed.first:
            return missed
        return all_missed(job.timetable.between(known.planned_at, missed.last))

    async def _count_overlapped(self, state: JobState, slot: Slot) -> None:
        _log.warning("a slot overlaps the run before", job=slot.job, slot=slot.planned_at.isoformat())
        await self._count(partial(self._claims.record_overlap, slot), state.count_overlapped)

    async def _count(self, write: Callable[[], Awaitable[bool]], counted: Callable[[], None]) -> None:
        """Count something in the store, later if it must be; `counted` if nobody else had."""
        self._uncounted.append((write, counted))
        await self._write_counts()

    async def _write_counts(self) -> None:
        async with self._counting:
            while self._uncounted:
                write, counted = self._uncounted[0]
                try:
                    new = await write()
                except StoreUnavailable as exc:
                    # Told at once: an outage is when somebody looks.
                    for index, (waiting, told) in enumerate(self._uncounted):
                        told()
                        self._uncounted[index] = waiting, lambda: None
                    _log.error("counts wait for the database", notes=len(self._uncounted), error=str(exc))
                    return
                except StoreError as exc:
                    _log.error("a count was refused", error=str(exc))
                    new = True
                self._uncounted.popleft()
                if new:
                    counted()
