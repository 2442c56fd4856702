"""Runs and slots: claimed once, ended once, closed where a crash left them open."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.errors import StoreError
from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.lib.tasks import periodically
from probe.store.engine import Database
from probe.store.leases import RENEWAL_SECONDS, Lease, close_lapsed, make_way
from probe.store.paging import PAGE_ROWS, before, chosen_by, decode_cursor, encode_cursor
from probe.store.records import ListPage, RunEnd, RunFilter, RunRecord, SlotCounts, SlotStatus
from probe.store.registry import upsert
from probe.store.rows import clean
from probe.store.schema import benchmark_results as results
from probe.store.schema import leases, runs, slots

_log = structlog.get_logger("probe.store.runs")

_RENEWAL_AGAIN_SECONDS = 2.0
_SLOT_STATUS: Mapping[RunEnd, SlotStatus] = {
    "finished": "done",
    "skipped": "skipped",
    "interrupted": "interrupted",
    "failed": "interrupted",
}
# Columns that fields of the same name hold.
_RUN_FIELDS = tuple(column.name for column in runs.c)


class RunStore:
    """Writes `runs` and `slots`; what it starts is open for as long as the lease is renewed."""

    def __init__(self, database: Database, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease

    async def start(
        self, *, run_name: str, triggered_by: str, suite: str, planned_attempts: int | None = None
    ) -> UUID:
        """Raises StoreError if it is a job's own and one of that name is open."""
        async with self._database.write() as connection:
            run_id = await self._insert_run(connection, run_name, triggered_by, suite, planned_attempts)
        if run_id is None:
            raise StoreError(f'a run of "{run_name}" is under way')
        return run_id

    async def claim_start(
        self, *, run_name: str, suite: str, planned_attempts: int | None = None
    ) -> UUID | None:
        """The id of a job's run at the start of the daemon; None if another one that lives made it, or runs
        the job just now.
        """
        async with self._database.write() as connection:
            run_id = await self._insert_only_run(connection, run_name, "start", suite, planned_attempts)
            made_elsewhere = sa.select(runs.c.id).where(
                runs.c.run_name == run_name,
                runs.c.triggered_by == "start",
                runs.c.owner != self._lease.owner,
                runs.c.owner.in_(sa.select(leases.c.owner)),
            )
            if run_id is None or await connection.scalar(made_elsewhere.limit(1)) is None:
                return run_id
            await connection.execute(runs.delete().where(runs.c.id == run_id))
            return None

    async def claim(
        self,
        slot: Slot,
        *,
        run_name: str | None = None,
        suite: str,
        planned_attempts: int | None = None,
        late_seconds: float = 0.0,
    ) -> UUID | Literal["overlapped"] | None:
        """The id of the run that the slot became; None if the slot was taken before, by any process.

        If a run of the job goes on elsewhere, the slot is counted as overlapped. `run_name` is the job's
        name unless given.
        """
        async with self._database.write() as connection:
            if not await self._insert_slot(
                connection, slot.job, slot.planned_at, "claimed", late_seconds=late_seconds
            ):
                return None
            name = run_name or slot.job
            run_id = await self._insert_only_run(connection, name, "schedule", suite, planned_attempts)
            became = {"status": "overlapped", "late_seconds": None} if run_id is None else {"run_id": run_id}
            await connection.execute(
                slots.update()
                .where(slots.c.job == slot.job, slots.c.planned_at == slot.planned_at.astimezone(UTC))
                .values(became)
            )
            return run_id or "overlapped"

    async def finish(
        self, run_id: UUID, status: RunEnd, *, skipped_attempts: int | None = None, note: str | None = None
    ) -> None:
        """End a run, and its slot with it; also one that another program had taken for dead.

        `skipped_attempts` were not made, to spare the provider. A run that is `skipped` made none at all, and
        `note` says why: one line without secrets.
        """
        async with self._database.write() as connection:
            await connection.execute(
                runs.update()
                .where(runs.c.id == run_id)
                .values(
                    finished_at=self._clock.now(),
                    status=status,
                    skipped_attempts=skipped_attempts,
                    note=None if note is None else clean(note),
                )
            )
            await connection.execute(
                slots.update().where(slots.c.run_id == run_id).values(status=_SLOT_STATUS[status])
            )

    async def keep_lease(self) -> None:
        """Renew the lease of this program, and close what others left open, until cancelled.

        Who could not renew in time closes nothing at that look: others may have been cut off with it.
        """

        async def look() -> None:
            async with self._database.write() as connection:
                closed = await close_lapsed(connection) if await self._lease.renew(connection) else ()
            _log_closed(closed)

        await periodically(
            look,
            RENEWAL_SECONDS,
            self._clock,
            retry_seconds=_RENEWAL_AGAIN_SECONDS,
            log_error=partial(_log.error, "the lease on what runs cannot be renewed"),
        )

    async def close_interrupted(self) -> tuple[UUID, ...]:
        """Take a lease, and close what is open of those whose lease has lapsed. Returns the ids of the runs.

        To be called before the first run of this program.
        """
        async with self._database.write() as connection:
            await self._lease.renew(connection)
            closed = await close_lapsed(connection)
        _log_closed(closed)
        return closed

    async def release_lease(self) -> None:
        """What is still open of this program may be closed by others at once."""
        if self._lease.taken:
            async with self._database.write() as connection:
                await self._lease.release(connection)

    async def get(self, run_id: UUID) -> RunRecord | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_runs().where(runs.c.id == run_id))).one_or_none()
            return None if row is None else _run(row)

    async def page(
        self, chosen: RunFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> ListPage[RunRecord]:
        """Newest first; `after` is `next` of the page before. Raises ValueError if it is not."""
        statement = (
            _runs()
            .where(*chosen_by(chosen or RunFilter(), runs.c, runs.c.started_at))
            .order_by(runs.c.started_at.desc(), runs.c.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            statement = statement.where(before(decode_cursor(after, UUID), runs.c.started_at, runs.c.id))
        async with self._database.read() as connection:
            items = tuple(_run(row) for row in await connection.execute(statement))
        last = items[limit - 1] if len(items) > limit else None
        return ListPage(items=items[:limit], next=encode_cursor(last.started_at, last.id) if last else None)

    async def record_missed(self, job: str, first: datetime, last: datetime, count: int) -> bool:
        """Count the planned instants from `first` to `last` at which nobody ran; False if known."""
        async with self._database.write() as connection:
            return await self._insert_slot(
                connection, job, first, "missed", last_planned_at=last, count=count
            )

    async def record_overlap(self, slot: Slot) -> bool:
        """Count an instant at which the run before was still going; False if the slot is known."""
        async with self._database.write() as connection:
            return await self._insert_slot(connection, slot.job, slot.planned_at, "overlapped")

    async def last_slot(self, job: str, until: datetime | None = None) -> Slot | None:
        """The latest planned instant of a job that was claimed or counted; given `until`, up to it.

        Of several that were counted together and go on beyond `until`, the first.
        """
        found = slots.c.job == job
        if until is not None:
            found &= slots.c.planned_at <= until
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    sa.select(slots.c.planned_at, slots.c.last_planned_at)
                    .where(found)
                    .order_by(slots.c.planned_at.desc())
                    .limit(1)
                )
            ).one_or_none()
        if row is None:
            return None
        first, last = row
        return Slot(job=job, planned_at=last if until is None or last <= until else first)

    async def last_run_at(self, job: str) -> datetime | None:
        """When a run of a job was last started on schedule or at a start, by whichever daemon."""
        by_itself = runs.c.triggered_by.in_(("schedule", "start"))
        async with self._database.read() as connection:
            started_at: datetime | None = await connection.scalar(
                sa.select(runs.c.started_at)
                .where(runs.c.run_name == job, by_itself)
                .order_by(runs.c.started_at.desc())
                .limit(1)
            )
            return started_at

    async def slot_counts(self, late_after_seconds: float = 1.0) -> Mapping[str, SlotCounts]:
        """By job, over all slots that are remembered."""
        count = sa.func.sum(slots.c.count)
        ran = slots.c.run_id.is_not(None) | slots.c.status.in_(("claimed", "done", "interrupted", "skipped"))
        async with self._database.read() as connection:
            rows = await connection.execute(
                sa.select(
                    slots.c.job,
                    count.filter(ran),
                    count.filter(slots.c.status == "interrupted"),
                    count.filter(slots.c.status == "skipped"),
                    count.filter(ran & (slots.c.late_seconds > late_after_seconds)),
                    count.filter(slots.c.status == "missed"),
                    count.filter(slots.c.status == "overlapped"),
                ).group_by(slots.c.job)
            )
            return {
                job: SlotCounts(
                    claimed=int(claimed or 0),
                    interrupted=int(interrupted or 0),
                    skipped=int(skipped or 0),
                    late=int(late or 0),
                    missed=int(missed or 0),
                    overlapped=int(overlapped or 0),
                )
                for job, claimed, interrupted, skipped, late, missed, overlapped in rows
            }

    async def _insert_only_run(
        self,
        connection: AsyncConnection,
        run_name: str,
        triggered_by: str,
        suite: str,
        planned_attempts: int | None,
    ) -> UUID | None:
        """Returns None if a run of the job is open whose owner lives."""
        args = connection, run_name, triggered_by, suite, planned_attempts
        run_id = await self._insert_run(*args)
        if run_id is None and await make_way(connection, run_name, self._lease.owner):
            run_id = await self._insert_run(*args)
        return run_id

    async def _insert_run(
        self,
        connection: AsyncConnection,
        run_name: str,
        triggered_by: str,
        suite: str,
        planned_attempts: int | None,
    ) -> UUID | None:
        """Returns None if a run by itself of that name is open. A rival's open transaction is waited for."""
        await self._lease.renew(connection)
        run_id: UUID | None = await connection.scalar(
            upsert(connection)(runs)
            .values(
                id=uuid4(),
                run_name=run_name,
                triggered_by=triggered_by,
                started_at=self._clock.now(),
                status="running",
                suite=suite,
                planned_attempts=planned_attempts,
                owner=self._lease.owner,
            )
            .on_conflict_do_nothing()
            .returning(runs.c.id)
        )
        return run_id

    async def _insert_slot(
        self,
        connection: AsyncConnection,
        job: str,
        planned_at: datetime,
        status: SlotStatus,
        *,
        last_planned_at: datetime | None = None,
        count: int = 1,
        late_seconds: float | None = None,
    ) -> bool:
        """False if the key is taken. On PostgreSQL a rival's open transaction is waited for."""
        inserted = await connection.scalar(
            upsert(connection)(slots)
            .values(
                job=job,
                planned_at=planned_at.astimezone(UTC),
                last_planned_at=(last_planned_at or planned_at).astimezone(UTC),
                count=count,
                status=status,
                late_seconds=late_seconds,
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(slots.c.job)
        )
        return inserted is not None


def _log_closed(closed: Sequence[UUID]) -> None:
    if closed:
        _log.warning("runs that a crash left open are closed", runs=len(closed))


def _runs() -> sa.Select[Any]:
    mine = results.c.run_id == runs.c.id
    attempts = sa.select(sa.func.count()).where(mine).scalar_subquery()
    successes = sa.select(sa.func.count()).where(mine, results.c.success).scalar_subquery()
    return sa.select(*(runs.c[name] for name in _RUN_FIELDS), attempts, successes)


def _run(row: Sequence[Any]) -> RunRecord:
    return RunRecord(**dict(zip((*_RUN_FIELDS, "attempts", "successes"), row, strict=True)))
