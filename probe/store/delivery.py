"""Rows numbered in the order of storing, how far each exporter has come in it, and what its sink refused.

A number comes from a row of `counters` that stays locked until the commit. So numbers are given out by one
transaction at a time: a reader that has seen row n will never find a lower one appear later, on either
database.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.leases import Lease, living
from probe.store.records import Journal
from probe.store.registry import upsert
from probe.store.schema import counters, delivery_cursors, delivery_refusals

_BALLAST: Final = sa.Table("ballast", sa.MetaData(), sa.Column("data", sa.LargeBinary))
_BALLAST_BYTES: Final = 256 * 1024

COUNTERS: Final[dict[Journal, str]] = {"results": "benchmark_results", "events": "events", "prices": "prices"}


async def assign_sequences(
    connection: AsyncConnection, journal: Journal, rows: Sequence[dict[str, Any]]
) -> None:
    """Give these rows their `sequence`, inside the transaction that inserts them.

    A caller that locks other rows, too, locks them before: two programs then wait for each other, never both.
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


async def read_sequence(connection: AsyncConnection, journal: Journal) -> int:
    """The last one given out; 0 if none was."""
    name = COUNTERS[journal]
    return await connection.scalar(sa.select(counters.c.value).where(counters.c.name == name)) or 0


async def last_sequence(database: Database, journal: Journal) -> int:
    async with database.read() as connection:
        return await read_sequence(connection, journal)


async def rewrite_counter(database: Database) -> None:
    """Write what is there: a change of nothing that needs all that any other change needs."""
    async with database.write() as connection:
        await connection.execute(
            counters.update().where(counters.c.name == COUNTERS["results"]).values(value=counters.c.value)
        )


async def write_ballast(database: Database) -> None:
    """Write as much as a batch of results with its indexes takes, and take it back.

    On SQLite it is committed in between: only then is anything written at all.
    """
    async with database.write() as connection:
        await connection.run_sync(lambda sync: _BALLAST.create(sync, checkfirst=True))
        await connection.execute(_BALLAST.delete())
        await connection.execute(_BALLAST.insert(), {"data": os.urandom(_BALLAST_BYTES)})
        if connection.dialect.name == "postgresql":
            await connection.run_sync(_BALLAST.drop)
    if database.url.dialect == "sqlite":
        async with database.write() as connection:
            await connection.run_sync(_BALLAST.drop)


class DeliveryStore:
    def __init__(self, database: Database, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease

    async def begin(self, exporter: str, journals: Collection[Journal]) -> None:
        """From here on nothing is deleted of these that the exporter has not had; see `Retention.prune`."""
        rows = [
            {"exporter": exporter, "journal": journal, "position": 0, "updated_at": self._clock.now()}
            for journal in sorted(journals)
        ]
        async with self._database.write() as connection:
            await connection.execute(upsert(connection)(delivery_cursors).on_conflict_do_nothing(), rows)

    async def carry(self, exporter: str) -> bool:
        """Whether this program delivers to the exporter: nobody did, or whoever did has lost its lease.

        To be asked again before this program's own can lapse, which `RunStore.keep_lease` renews.
        """
        mine = delivery_cursors.c.exporter == exporter
        async with self._database.write() as connection:
            if not self._lease.taken:
                await self._lease.renew(connection)
            # Locked first: only then is the lease of whoever was faster seen.
            carriers = await connection.scalars(
                sa.select(delivery_cursors.c.carrier).where(mine).with_for_update()
            )
            others = set(carriers) - {self._lease.owner}
            if others & set(await living(connection)):
                return False
            await connection.execute(delivery_cursors.update().where(mine).values(carrier=self._lease.owner))
        return True

    async def position(self, exporter: str, journal: Journal = "results") -> int:
        """The sequence of the last row delivered; 0 if none was."""
        async with self._database.read() as connection:
            position = await connection.scalar(
                sa.select(delivery_cursors.c.position).where(
                    delivery_cursors.c.exporter == exporter, delivery_cursors.c.journal == journal
                )
            )
            return position or 0

    async def positions(self, exporters: Collection[str]) -> dict[tuple[str, Journal], int]:
        """The same of all journals that these exporters take, as far as they were begun."""
        cursors = sa.select(
            delivery_cursors.c.exporter, delivery_cursors.c.journal, delivery_cursors.c.position
        ).where(delivery_cursors.c.exporter.in_(list(exporters)))
        async with self._database.read() as connection:
            return {(name, journal): at for name, journal, at in await connection.execute(cursors)}

    async def move(self, exporter: str, sequence: int, journal: Journal = "results") -> None:
        """Never back: a program that was slow to learn that another delivers now undoes nothing of it."""
        async with self._database.write() as connection:
            row = upsert(connection)(delivery_cursors).values(
                exporter=exporter, journal=journal, position=sequence, updated_at=self._clock.now()
            )
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[delivery_cursors.c.exporter, delivery_cursors.c.journal],
                    set_={"position": row.excluded.position, "updated_at": row.excluded.updated_at},
                    where=row.excluded.position > delivery_cursors.c.position,
                )
            )

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], journal: Journal = "results") -> None:
        """Remember what the sink of an exporter will never accept, by id, and why."""
        if not reasons:
            return
        rows = [
            {
                "exporter": exporter,
                "journal": journal,
                "record_id": each,
                "refused_at": self._clock.now(),
                "reason": reason,
            }
            for each, reason in reasons.items()
        ]
        async with self._database.write() as connection:
            row = upsert(connection)(delivery_refusals)
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=list(delivery_refusals.primary_key.columns),
                    set_={"refused_at": row.excluded.refused_at, "reason": row.excluded.reason},
                ),
                rows,
            )

    async def accept(self, exporter: str, ids: Collection[UUID]) -> None:
        """These were accepted after all."""
        async with self._database.write() as connection:
            await connection.execute(
                delivery_refusals.delete().where(
                    delivery_refusals.c.exporter == exporter, delivery_refusals.c.record_id.in_(list(ids))
                )
            )

    async def refused_counts(self) -> dict[tuple[str, Journal], int]:
        """How many rows are refused, by exporter and journal; empty if the sinks accepted all."""
        by = delivery_refusals.c.exporter, delivery_refusals.c.journal
        async with self._database.read() as connection:
            rows = await connection.execute(sa.select(*by, sa.func.count()).group_by(*by))
            return {(exporter, journal): count for exporter, journal, count in rows}
