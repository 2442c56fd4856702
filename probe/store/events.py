"""Events: written once each, listed newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.facts.event import Event
from probe.store.engine import Database
from probe.store.exact import json_value
from probe.store.numbers import number
from probe.store.paging import decode, encode
from probe.store.queries import keyset
from probe.store.records import EventFilter, Page
from probe.store.registry import upsert
from probe.store.rows import clean
from probe.store.schema import events

# Null where an event is about none, and '' in the row: null is never equal to null, and no key has one.
_SUBJECT = ("provider", "model", "scope")


async def add_events(database: Database, added: Sequence[Event]) -> tuple[Event, ...]:
    """Those that were new, in their order."""
    if not added:
        return ()
    async with database.write() as connection:
        return await insert_events(connection, added)


async def insert_events(connection: AsyncConnection, added: Sequence[Event]) -> tuple[Event, ...]:
    """The same inside a transaction."""
    if not added:
        return ()
    rows = [_row(event) for event in added]
    await number(connection, "events", rows)
    # In the order of the key: two programs with the same news wait for each other, never both.
    rows.sort(key=_key)
    inserted = await connection.execute(
        upsert(connection)(events).on_conflict_do_nothing().returning(events.c.id), rows
    )
    new = set(inserted.scalars())
    return tuple(event for event in added if event.id in new)


async def list_events(
    database: Database, chosen: EventFilter, *, limit: int, after: str | None
) -> Page[Event]:
    """Newest first. Raises ValueError where `after` did not come from a page."""
    statement = (
        sa.select(events)
        .where(*_conditions(chosen))
        .order_by(events.c.at.desc(), events.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(keyset.before(decode(after, UUID), events.c.at, events.c.id))
    async with database.read() as connection:
        items = tuple(event_from_row(row) for row in (await connection.execute(statement)).mappings())
    last = items[limit - 1] if len(items) > limit else None
    return Page(items=items[:limit], next=encode(last.at, last.id) if last else None)


def _conditions(chosen: EventFilter) -> list[sa.ColumnElement[bool]]:
    equal = {
        "kind": chosen.kind,
        "severity": chosen.severity,
        "provider": chosen.provider,
        "model": chosen.model,
        "scope": chosen.scope,
    }
    conditions = [events.c[name] == value for name, value in equal.items() if value is not None]
    if chosen.since is not None:
        conditions.append(events.c.at >= chosen.since)
    if chosen.until is not None:
        conditions.append(events.c.at < chosen.until)
    return conditions


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


def event_from_row(row: Any) -> Event:
    fields = {name: value for name, value in row.items() if name != "sequence"}
    return Event(**{**fields, **{name: row[name] or None for name in _SUBJECT}})
