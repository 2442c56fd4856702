"""How far each exporter has come in the order of storing, and what its sink refused on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.records import Journal
from probe.store.registry import upsert
from probe.store.schema import delivery_cursors, delivery_refusals


class DeliveryStore:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, exporter: str, journals: Collection[Journal]) -> None:
        """From here on nothing is deleted of these that the exporter has not had; see `Retention.prune`."""
        rows = [
            {"exporter": exporter, "journal": journal, "position": 0, "updated_at": self._clock.now()}
            for journal in sorted(journals)
        ]
        async with self._database.write() as connection:
            await connection.execute(upsert(connection)(delivery_cursors).on_conflict_do_nothing(), rows)

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
        async with self._database.write() as connection:
            row = upsert(connection)(delivery_cursors).values(
                exporter=exporter, journal=journal, position=sequence, updated_at=self._clock.now()
            )
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[delivery_cursors.c.exporter, delivery_cursors.c.journal],
                    set_={"position": row.excluded.position, "updated_at": row.excluded.updated_at},
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
