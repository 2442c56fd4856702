"""Leases: what a start of the program has open is its own for as long as it renews its lease.

Judged by the database's clock alone, which all programs on it share. A row that has lapsed is deleted at
the next look of anybody, and what its owner left open is closed.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.lib.process import has_ended, own_process
from probe.store.registry import upsert
from probe.store.schema import benchmark_results as results
from probe.store.schema import discovery_runs, leases, runs, slots

LEASE_SECONDS = 30
RENEWAL_SECONDS = 10.0
_BATCH = 500


class Lease:
    """Of one start of the program: `owner` is `name` with an id of the start."""

    def __init__(self, name: str) -> None:
        self.owner = f"{name}/{uuid4().hex[:12]}"
        self._process = own_process()
        self._taken = False

    async def renew(self, connection: AsyncConnection) -> bool:
        """Hold it from now on. Returns False if it had lapsed since the last renewal."""
        mine = leases.c.owner == self.owner
        held = await connection.scalar(
            sa.select(leases.c.owner).where(mine, leases.c.expires_at > _now(connection))
        )
        row = upsert(connection)(leases).values(
            owner=self.owner,
            process=self._process,
            renewed_at=_now(connection),
            expires_at=_now(connection, LEASE_SECONDS),
        )
        renewed = {name: row.excluded[name] for name in ("renewed_at", "expires_at")}
        await connection.execute(row.on_conflict_do_update(index_elements=[leases.c.owner], set_=renewed))
        was_taken, self._taken = self._taken, True
        return held is not None or not was_taken

    async def release(self, connection: AsyncConnection) -> None:
        """Give it back at the end."""
        await connection.execute(leases.delete().where(leases.c.owner == self.owner))

    @property
    def taken(self) -> bool:
        return self._taken


async def living(connection: AsyncConnection) -> Sequence[str]:
    """The owners whose lease is in force."""
    return (
        await connection.scalars(sa.select(leases.c.owner).where(leases.c.expires_at > _now(connection)))
    ).all()


async def close_lapsed(connection: AsyncConnection) -> tuple[UUID, ...]:
    """Close what is open of owners without a lease: runs and discoveries. Returns the runs' ids.

    A run ends at its last sign of life, with its slot.
    """
    await _drop_lapsed(connection)
    closed = await _close(connection, runs.c.owner.not_in(sa.select(leases.c.owner)))
    await connection.execute(
        discovery_runs.update()
        .where(
            discovery_runs.c.finished_at.is_(None), discovery_runs.c.owner.not_in(sa.select(leases.c.owner))
        )
        .values(finished_at=discovery_runs.c.started_at, status="interrupted")
    )
    return closed


async def make_way(connection: AsyncConnection, run_name: str, owner: str) -> tuple[UUID, ...]:
    """Close the open run of a job if nobody is at it; `owner` asks, and says that it is not itself."""
    await _drop_lapsed(connection)
    others = sa.select(leases.c.owner).where(leases.c.owner != owner)
    by_itself = runs.c.triggered_by.in_(("schedule", "start"))
    return await _close(connection, runs.c.run_name == run_name, by_itself, runs.c.owner.not_in(others))


async def _close(connection: AsyncConnection, *chosen: sa.ColumnElement[bool]) -> tuple[UUID, ...]:
    found = sa.select(runs.c.id).where(runs.c.finished_at.is_(None), *chosen)
    # In order, so that of two programs that look at once the second waits, and finds nothing left.
    ids = (await connection.scalars(found.order_by(runs.c.id).with_for_update())).all()
    for start in range(0, len(ids), _BATCH):
        await _interrupt(connection, ids[start : start + _BATCH])
    return tuple(ids)


async def _drop_lapsed(connection: AsyncConnection) -> None:
    """Also those whose process on this machine has ended: a restart need not wait for its own past."""
    await connection.execute(leases.delete().where(leases.c.expires_at <= _now(connection)))
    left = await connection.execute(
        sa.select(leases.c.owner, leases.c.process).where(leases.c.process.is_not(None))
    )
    ended = [owner for owner, process in left.all() if has_ended(process)]
    if ended:
        await connection.execute(leases.delete().where(leases.c.owner.in_(ended)))


async def _interrupt(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    # Grouped, so that it is read from the index on the run: a lone maximum is looked for along the index on
    # the date, which is walked from end to end for a run without results.
    last_result = (
        sa.select(sa.func.max(results.c.created_at))
        .where(results.c.run_id == runs.c.id)
        .group_by(results.c.run_id)
        .scalar_subquery()
    )
    last_sign = sa.case((last_result > runs.c.started_at, last_result), else_=runs.c.started_at)
    await connection.execute(
        runs.update().where(runs.c.id.in_(ids)).values(finished_at=last_sign, status="interrupted")
    )
    await connection.execute(slots.update().where(slots.c.run_id.in_(ids)).values(status="interrupted"))


def _now(connection: AsyncConnection, later_seconds: int = 0) -> sa.ColumnElement[Any]:
    """The database's date, so many seconds later, as `UtcDate` keeps dates."""
    if connection.dialect.name == "postgresql":
        return sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, later_seconds)
    return sa.func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"+{later_seconds} seconds")
