"""Runs and slots: claimed once, ended once, closed where a crash left them open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.facts.slot import Slot
from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.paging import PAGE_ROWS, before, chosen_by, decode_cursor, encode_cursor
from probe.store.records import ListPage, RunEnd, RunFilter, RunRecord, SlotCounts, SlotStatus
from probe.store.registry import upsert
from probe.store.rows import clean
from probe.store.schema import benchmark_results as results
from probe.store.schema import discovery_runs, runs, slots

# A run of somebody else's is taken for dead once it has neither started nor stored anything for so long.
SILENCE = timedelta(hours=1)

_SLOT_STATUS: Mapping[RunEnd, SlotStatus] = {
    "finished": "done",
    "skipped": "skipped",
    "interrupted": "interrupted",
    "failed": "interrupted",
}
# Columns that fields of the same name hold.
_RUN_FIELDS = tuple(column.name for column in runs.c)


class RunStore:
    """Writes `runs` and `slots`. `owner` names this program, the same after a restart."""

    def __init__(self, database: Database, clock: Clock, owner: str) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner

    async def start(
        self, *, run_name: str, triggered_by: str, suite: str, planned_attempts: int | None = None
    ) -> UUID:
        async with self._database.write() as connection:
            return await self._insert_run(connection, run_name, triggered_by, suite, planned_attempts)

    async def claim(
        self,
        slot: Slot,
        *,
        run_name: str | None = None,
        suite: str,
        planned_attempts: int | None = None,
        late_seconds: float = 0.0,
    ) -> UUID | None:
        """The id of the run that the slot became; None if the slot was taken before, by any process.

        `run_name` is the job's name unless given.
        """
        name = run_name or slot.job
        async with self._database.write() as connection:
            run_id = await self._insert_run(connection, name, "schedule", suite, planned_attempts)
            if await self._insert_slot(
                connection, slot.job, slot.planned_at, "claimed", late_seconds=late_seconds, run_id=run_id
            ):
                return run_id
            await connection.execute(runs.delete().where(runs.c.id == run_id))
            return None

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

    async def close_interrupted(self) -> tuple[UUID, ...]:
        """Close what a crash left open; to be called before the first run of this program is started.

        Every open run of the same owner is one; a run of another owner once it was silent for `SILENCE`. It
        ends at its last sign of life, with its slot. Discoveries are closed likewise. Returns the runs' ids.
        """
        last_result = (
            sa.select(sa.func.max(results.c.created_at))
            .where(results.c.run_id == runs.c.id)
            .scalar_subquery()
        )
        async with self._database.write() as connection:
            rows = await connection.execute(
                sa.select(runs.c.id, runs.c.owner, runs.c.started_at, last_result).where(
                    runs.c.finished_at.is_(None)
                )
            )
            closed = []
            for run_id, owner, started_at, last in rows.all():
                sign_of_life = max(started_at, last or started_at)
                if owner != self._owner and self._clock.now() - sign_of_life < SILENCE:
                    continue
                closed.append(run_id)
                await connection.execute(
                    runs.update()
                    .where(runs.c.id == run_id)
                    .values(finished_at=sign_of_life, status="interrupted")
                )
                await connection.execute(
                    slots.update().where(slots.c.run_id == run_id).values(status="interrupted")
                )
            await self._close_discoveries(connection)
            return tuple(closed)

    async def _close_discoveries(self, connection: AsyncConnection) -> None:
        """They say nothing while they go on: their start is their last sign of life."""
        found = discovery_runs.c
        theirs = (found.owner == self._owner) | (found.started_at <= self._clock.now() - SILENCE)
        await connection.execute(
            discovery_runs.update()
            .where(found.finished_at.is_(None), theirs)
            .values(finished_at=found.started_at, status="interrupted")
        )

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

    async def _insert_run(
        self,
        connection: AsyncConnection,
        run_name: str,
        triggered_by: str,
        suite: str,
        planned_attempts: int | None,
    ) -> UUID:
        run_id = uuid4()
        await connection.execute(
            runs.insert().values(
                id=run_id,
                run_name=run_name,
                triggered_by=triggered_by,
                started_at=self._clock.now(),
                status="running",
                suite=suite,
                planned_attempts=planned_attempts,
                owner=self._owner,
            )
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
        run_id: UUID | None = None,
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
                run_id=run_id,
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(slots.c.job)
        )
        return inserted is not None


def _runs() -> sa.Select[Any]:
    mine = results.c.run_id == runs.c.id
    attempts = sa.select(sa.func.count()).where(mine).scalar_subquery()
    successes = sa.select(sa.func.count()).where(mine, results.c.success).scalar_subquery()
    return sa.select(*(runs.c[name] for name in _RUN_FIELDS), attempts, successes)


def _run(row: Sequence[Any]) -> RunRecord:
    return RunRecord(**dict(zip((*_RUN_FIELDS, "attempts", "successes"), row, strict=True)))
