"""How far each exporter has come in the order of storing, and what its sink refused on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from probe.store.engine import Database
from probe.store.numbers import COUNTERS, read_number
from probe.store.records import Journal
from probe.store.registry import upsert
from probe.store.schema import counters, delivery_cursors, delivery_refusals


async def read_cursor(database: Database, exporter: str, journal: Journal) -> int:
    async with database.read() as connection:
        position = await connection.scalar(
            sa.select(delivery_cursors.c.position).where(
                delivery_cursors.c.exporter == exporter, delivery_cursors.c.journal == journal
            )
        )
        return position or 0


async def read_cursors(database: Database, exporters: Collection[str]) -> dict[tuple[str, Journal], int]:
    """Those that there are, by exporter and journal."""
    cursors = sa.select(
        delivery_cursors.c.exporter, delivery_cursors.c.journal, delivery_cursors.c.position
    ).where(delivery_cursors.c.exporter.in_(list(exporters)))
    async with database.read() as connection:
        return {(name, journal): at for name, journal, at in await connection.execute(cursors)}


async def move_cursor(
    database: Database, exporter: str, journal: Journal, sequence: int, now: datetime
) -> None:
    async with database.write() as connection:
        row = upsert(connection)(delivery_cursors).values(
            exporter=exporter, journal=journal, position=sequence, updated_at=now
        )
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=[delivery_cursors.c.exporter, delivery_cursors.c.journal],
                set_={"position": row.excluded.position, "updated_at": row.excluded.updated_at},
            )
        )


async def begin(database: Database, exporter: str, journals: Collection[Journal], now: datetime) -> None:
    """Write the cursors that are missing, at 0."""
    rows = [
        {"exporter": exporter, "journal": journal, "position": 0, "updated_at": now}
        for journal in sorted(journals)
    ]
    async with database.write() as connection:
        await connection.execute(upsert(connection)(delivery_cursors).on_conflict_do_nothing(), rows)


async def refuse(
    database: Database, exporter: str, journal: Journal, reasons: Mapping[UUID, str], now: datetime
) -> None:
    rows = [
        {"exporter": exporter, "journal": journal, "record_id": each, "refused_at": now, "reason": reason}
        for each, reason in reasons.items()
    ]
    async with database.write() as connection:
        row = upsert(connection)(delivery_refusals)
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=list(delivery_refusals.primary_key.columns),
                set_={"refused_at": row.excluded.refused_at, "reason": row.excluded.reason},
            ),
            rows,
        )


async def accept(database: Database, exporter: str, ids: Collection[UUID]) -> None:
    async with database.write() as connection:
        await connection.execute(
            delivery_refusals.delete().where(
                delivery_refusals.c.exporter == exporter, delivery_refusals.c.record_id.in_(list(ids))
            )
        )


async def refused_counts(database: Database) -> dict[tuple[str, Journal], int]:
    by = delivery_refusals.c.exporter, delivery_refusals.c.journal
    async with database.read() as connection:
        rows = await connection.execute(sa.select(*by, sa.func.count()).group_by(*by))
        return {(exporter, journal): count for exporter, journal, count in rows}


async def last_sequence(database: Database, journal: Journal) -> int:
    async with database.read() as connection:
        return await read_number(connection, journal)


async def rewrite_counter(database: Database) -> None:
    """Write what is there: a change of nothing that needs all that any other change needs."""
    async with database.write() as connection:
        await connection.execute(
            counters.update().where(counters.c.name == COUNTERS["results"]).values(value=counters.c.value)
        )
