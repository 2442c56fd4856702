"""Events and prices in the order of storing; results are in `results.py`."""

from __future__ import annotations

import sqlalchemy as sa

from probe.store.engine import Database
from probe.store.events import event_from_row
from probe.store.prices import PRICE_COLUMNS, entry_from_row
from probe.store.records import StoredEvent, StoredPrice
from probe.store.schema import events, models, prices, providers


async def events_after(database: Database, sequence: int, limit: int) -> tuple[StoredEvent, ...]:
    statement = sa.select(events).where(events.c.sequence > sequence).order_by(events.c.sequence).limit(limit)
    async with database.read() as connection:
        rows = (await connection.execute(statement)).mappings().all()
    return tuple(StoredEvent(row["sequence"], event_from_row(row)) for row in rows)


async def prices_after(database: Database, sequence: int, limit: int) -> tuple[StoredPrice, ...]:
    statement = (
        sa.select(prices.c.sequence, prices.c.id, providers.c.name, models.c.name, *PRICE_COLUMNS)
        .join(models, models.c.id == prices.c.model_id)
        .join(providers, providers.c.id == prices.c.provider_id)
        .where(prices.c.sequence > sequence)
        .order_by(prices.c.sequence)
        .limit(limit)
    )
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    return tuple(StoredPrice(row[0], entry_from_row(row[1:])) for row in rows)
