"""How far each exporter has come in the order of storing, and what its sink refused on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.store.engine import Database
from probe.store.registry import upsert
from probe.store.schema import counters, exporter_cursors, refused_results

_RESULTS = "benchmark_results"


async def read_cursor(database: Database, exporter: str) -> int:
    async with database.read() as connection:
        position = await connection.scalar(
            sa.select(exporter_cursors.c.position).where(exporter_cursors.c.name == exporter)
        )
        return position or 0


async def move_cursor(database: Database, exporter: str, sequence: int, now: datetime) -> None:
    async with database.write() as connection:
        row = upsert(connection)(exporter_cursors).values(name=exporter, position=sequence, updated_at=now)
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=[exporter_cursors.c.name],
                set_={"position": row.excluded.position, "updated_at": row.excluded.updated_at},
            )
        )


async def refuse(database: Database, exporter: str, reasons: Mapping[UUID, str], now: datetime) -> None:
    rows = [
        {"exporter": exporter, "result_id": result, "refused_at": now, "reason": reason}
        for result, reason in reasons.items()
    ]
    async with database.write() as connection:
        row = upsert(connection)(refused_results)
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=[refused_results.c.exporter, refused_results.c.result_id],
                set_={"refused_at": row.excluded.refused_at, "reason": row.excluded.reason},
            ),
            rows,
        )


async def accept(database: Database, exporter: str, ids: Collection[UUID]) -> None:
    async with database.write() as connection:
        await connection.execute(
            refused_results.delete().where(
                refused_results.c.exporter == exporter, refused_results.c.result_id.in_(list(ids))
            )
        )


async def refused_counts(database: Database) -> dict[str, int]:
    counted = sa.select(refused_results.c.exporter, sa.func.count()).group_by(refused_results.c.exporter)
    async with database.read() as connection:
        rows = await connection.execute(counted)
        return {row[0]: row[1] for row in rows}


async def last_sequence(database: Database) -> int:
    async with database.read() as connection:
        return await read_counter(connection)


async def rewrite_counter(database: Database) -> None:
    """Write what is there: a change of nothing that needs all that any other change needs."""
    async with database.write() as connection:
        await connection.execute(
            counters.update().where(counters.c.name == _RESULTS).values(value=counters.c.value)
        )


async def read_counter(connection: AsyncConnection) -> int:
    value = await connection.scalar(sa.select(counters.c.value).where(counters.c.name == _RESULTS))
    return value or 0
