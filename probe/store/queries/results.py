"""Results: listed by filter, read by id, followed by sequence, streamed for a warm start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from probe.facts.sample import Sample, Target
from probe.store import paging as cursor
from probe.store.engine import Database
from probe.store.queries import keyset
from probe.store.records import Page, ResultFilter, StoredSample
from probe.store.rows import LIGHT_COLUMNS, SAMPLE_COLUMNS, sample_from_row
from probe.store.schema import benchmark_results as results

_STREAM_ROWS = 500


async def read_result(database: Database, result_id: UUID) -> Sample | None:
    async with database.read() as connection:
        rows = await connection.execute(sa.select(*SAMPLE_COLUMNS).where(results.c.id == result_id))
        row = rows.one_or_none()
        return None if row is None else sample_from_row(row, {})


async def list_results(
    database: Database, chosen: ResultFilter, *, limit: int, after: str | None
) -> Page[Sample]:
    """Newest first. Raises ValueError where `after` did not come from a page."""
    statement = (
        sa.select(results.c.created_at, results.c.sequence, *SAMPLE_COLUMNS)
        .where(*_conditions(chosen))
        .order_by(results.c.created_at.desc(), results.c.sequence.desc())
        .limit(limit + 1)
    )
    if after is not None:
        place = cursor.decode(after, cursor.sequence)
        statement = statement.where(keyset.before(place, results.c.created_at, results.c.sequence))
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    targets: dict[Target, Target] = {}
    items = tuple(sample_from_row(row[2:], targets) for row in rows[:limit])
    last = cursor.encode(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
    return Page(items=items, next=last)


async def samples_after(database: Database, sequence: int, limit: int) -> tuple[StoredSample, ...]:
    statement = (
        sa.select(results.c.sequence, *SAMPLE_COLUMNS)
        .where(results.c.sequence > sequence)
        .order_by(results.c.sequence)
        .limit(limit)
    )
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    targets: dict[Target, Target] = {}
    return tuple(StoredSample(row[0], sample_from_row(row[1:], targets)) for row in rows)


async def recent_samples(database: Database, since: datetime) -> AsyncIterator[Sequence[Sample]]:
    """Oldest first, a few hundred at a time, without texts and chunk gaps."""
    targets: dict[Target, Target] = {}
    place: tuple[datetime, int] = (since, 0)
    while True:
        statement = (
            sa.select(results.c.created_at, results.c.sequence, *LIGHT_COLUMNS)
            .where(keyset.after(place, results.c.created_at, results.c.sequence))
            .order_by(results.c.created_at, results.c.sequence)
            .limit(_STREAM_ROWS)
        )
        async with database.read() as connection:
            rows = (await connection.execute(statement)).all()
        if rows:
            yield [sample_from_row(row[2:], targets) for row in rows]
        if len(rows) < _STREAM_ROWS:
            return
        place = rows[-1][0], rows[-1][1]


def _conditions(chosen: ResultFilter) -> list[sa.ColumnElement[bool]]:
    equal: dict[str, Any] = {
        "provider": chosen.provider,
        "model": chosen.model,
        "target": chosen.target,
        "kind": chosen.kind,
        "failure_kind": chosen.failure_kind,
        "fault": chosen.fault,
        "connection": chosen.connection,
        "run_id": chosen.run_id,
    }
    conditions = [results.c[name] == value for name, value in equal.items() if value is not None]
    if chosen.success:
        conditions.append(results.c.success)
    elif (chosen.success, chosen.failure_kind, chosen.fault) != (None, None, None):
        # In the words of the partial index, or it is not used.
        conditions.append(sa.text("NOT success"))
    if chosen.reported is not None:
        column = results.c.reported_source
        conditions.append(column.is_not(None) if chosen.reported else column.is_(None))
    if chosen.since is not None:
        conditions.append(results.c.created_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(results.c.created_at < chosen.until)
    return conditions
