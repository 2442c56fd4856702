"""Events: written once each, listed newest first, followed by sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.facts.event import Event
from probe.store.delivery import assign_sequences, last_sequence
from probe.store.engine import Database
from probe.store.paging import PAGE_ROWS, before, chosen_by, decode_cursor, encode_cursor
from probe.store.records import EventFilter, ListPage, StoredEvent
from probe.store.registry import upsert
from probe.store.rows import clean, json_value
from probe.store.schema import events

# Null where an event is about none, and '' in the row: null is never equal to null, and no key has one.
_SUBJECT = ("provider", "model", "scope")


class EventStore:
    """`written` counts by kind and provider those that were new, since this was opened.

    The first list of a provider is no news, and is not among them. The provider of none is empty.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.written: Counter[tuple[str, str]] = Counter()

    async def add(self, added: Sequence[Event]) -> tuple[Event, ...]:
        """Write events, all or nothing; returns those that were not there by kind, subject and key."""
        if not added:
            return ()
        async with self._database.write() as connection:
            new = await insert_events(connection, added)
        self.count(new)
        return new

    def count(self, new: Sequence[Event]) -> None:
        """These were written beside other rows, by `insert_events`, and are committed."""
        first_lists = [event for event in new if event.kind == "model_appeared" and event.model is None]
        self.written.update((event.kind, event.provider or "") for event in new if event not in first_lists)

    async def page(
        self, chosen: EventFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> ListPage[Event]:
        """Newest first; `after` is `next` of the page before. Raises ValueError if it is not.

        In `data` decimals, dates and ids have become text.
        """
        statement = (
            sa.select(events)
            .where(*chosen_by(chosen or EventFilter(), events.c, events.c.at))
            .order_by(events.c.at.desc(), events.c.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            statement = statement.where(before(decode_cursor(after, UUID), events.c.at, events.c.id))
        async with self._database.read() as connection:
            items = tuple(_event(row) for row in (await connection.execute(statement)).mappings())
        last = items[limit - 1] if len(items) > limit else None
        return ListPage(items=items[:limit], next=encode_cursor(last.at, last.id) if last else None)

    async def after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredEvent, ...]:
        """In the order of storing, as results are followed."""
        statement = (
            sa.select(events).where(events.c.sequence > sequence).order_by(events.c.sequence).limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(StoredEvent(row["sequence"], _event(row)) for row in rows)

    async def last_sequence(self) -> int:
        """The last number given out; 0 if none was."""
        return await last_sequence(self._database, "events")


async def insert_events(connection: AsyncConnection, added: Sequence[Event]) -> tuple[Event, ...]:
    """Inside a transaction; those that were new, in their order."""
    if not added:
        return ()
    rows = [_row(event) for event in added]
    await assign_sequences(connection, "events", rows)
    # In the order of the key: two programs with the same news wait for each other, never both.
    rows.sort(key=_key)
    inserted = await connection.execute(
        upsert(connection)(events).on_conflict_do_nothing().returning(events.c.id), rows
    )
    new = set(inserted.scalars())
    return tuple(event for event in added if event.id in new)


def _row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "severity": event.severity,
        **{name: clean(getattr(event, name) or "") for name in _SUBJECT},
        "key": clean(event.key),
        "text": clean(event.text),
        "data": json_value(event.data),
    }


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return row["kind"], *(row[name] for name in _SUBJECT), row["key"]


def _event(row: Any) -> Event:
    fields = {name: value for name, value in row.items() if name != "sequence"}
    return Event(**{**fields, **{name: row[name] or None for name in _SUBJECT}})
