"""How far each exporter has come in the order of storing."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.store.engine import Database
from probe.store.registry import upsert
from probe.store.schema import counters, exporter_cursors

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
