"""Numbers in the order in which rows become visible.

Each comes from a row of `counters` that stays locked until the commit. So numbers are given out by one
transaction at a time: whoever has seen row n will never find a lower one appear later, on either database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.store.engine import Database
from probe.store.records import Journal
from probe.store.schema import counters

COUNTERS: Final[dict[Journal, str]] = {
    "results": "benchmark_results",
    "events": "events",
    "prices": "prices",
}


async def number(connection: AsyncConnection, journal: Journal, rows: Sequence[dict[str, Any]]) -> None:
    """Give these rows their `sequence`, inside the transaction that inserts them.

    Whoever locks other rows, too, locks them before: two programs then wait for each other, never both.
    """
    last = await connection.scalar(
        counters.update()
        .where(counters.c.name == COUNTERS[journal])
        .values(value=counters.c.value + len(rows))
        .returning(counters.c.value)
    )
    assert last is not None
    for sequence, row in enumerate(rows, start=last - len(rows) + 1):
        row["sequence"] = sequence


async def read_number(connection: AsyncConnection, journal: Journal) -> int:
    """The last one given out; 0 if none was."""
    name = COUNTERS[journal]
    return await connection.scalar(sa.select(counters.c.value).where(counters.c.name == name)) or 0


async def last_number(database: Database, journal: Journal) -> int:
    async with database.read() as connection:
        return await read_number(connection, journal)


async def rewrite_counter(database: Database) -> None:
    """Write what is there: a change of nothing that needs all that any other change needs."""
    async with database.write() as connection:
        await connection.execute(
            counters.update().where(counters.c.name == COUNTERS["results"]).values(value=counters.c.value)
        )
