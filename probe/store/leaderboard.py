"""What each target did in a window of time; the last one asked for is kept, and followed by sequence.

A window is read from one index in one pass (`ix_benchmark_results_created_at`), a few thousand rows at a
time. Whoever asks again for one that begins no earlier pays for what was stored since, and for nothing else.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.lib.clock import Clock
from probe.lib.gc_pause import paused
from probe.store.delivery import read_sequence
from probe.store.engine import Database
from probe.store.paging import after
from probe.store.recent_attempts import HOUR_SECONDS, Attempt, Window, to_date
from probe.store.records import LeaderboardRow
from probe.store.schema import benchmark_results as results
from probe.store.url import Dialect

DAY = timedelta(hours=24)
_CHUNK_ROWS = 10_000
# Results that somebody deletes by hand are seen to be gone after this long.
_KEPT = timedelta(minutes=10)
# About 50 MB; a larger window is read anew each time.
_MOST_KEPT = 500_000

_r = results.c
# As `probe.analysis.timed` has it.
_TIMED = _r.success & _r.trusted & (_r.reused | (_r.connection == "cold"))


def _raw(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """As the driver gives it: over a whole window the conversions cost more than the reading."""
    return sa.type_coerce(expression, sa.types.NullType())


def _attempt(dialect: Dialect) -> list[sa.ColumnElement[Any]]:
    """The columns of an `Attempt`."""

    def number(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        # PostgreSQL's numerics would come as decimals, five times as dear as floats.
        return sa.cast(expression, sa.Double) if dialect == "postgresql" else _raw(expression)

    columns = {
        "target": _r.target,
        "connection": _r.connection,
        "sequence": _r.sequence,
        "end": _raw(_r.created_at),
        "failure_kind": _r.failure_kind,
        "ttft_ms": number(sa.case((_TIMED, _r.ttft_ms))),
        "total_latency_ms": number(sa.case((_TIMED, _r.total_latency_ms))),
        "tps": number(sa.case((_TIMED, _r.tps))),
        "input_tokens": _r.input_tokens,
        "output_tokens": _r.output_tokens,
        "cost_usd": number(_r.cost_usd),
        "cost_tokens": sa.case((_r.cost_known, _r.input_tokens + _r.output_tokens)),
    }
    return [columns[field] for field in Attempt._fields]


class Leaderboard:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._columns = _attempt(database.url.dialect)
        self._lock = asyncio.Lock()
        self._kept: Window | None = None
        self._loaded_at: datetime | None = None

    async def rows(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[LeaderboardRow, ...]:
        """One row for each target and kind of connection with a result in the window, by name.

        The window begins 24 hours ago unless it is given. One without `until` is open; its hours are counted
        up to now.
        """
        now = self._clock.now()
        since = since or now - DAY
        hours = max(1, -(-int(((until or now) - since).total_seconds()) // HOUR_SECONDS))
        async with self._lock:
            window = self._usable(since, now)
            if window is None:
                with paused():
                    window = await self._load(since, now)
            else:
                await self._follow(window)
                window.forget_before(since)
            return window.rows(since, until, hours)

    def _usable(self, since: datetime, now: datetime) -> Window | None:
        if self._kept is None or self._loaded_at is None or since < self._kept.since:
            return None
        return self._kept if timedelta(0) <= now - self._loaded_at < _KEPT else None

    async def _load(self, since: datetime, now: datetime) -> Window:
        self._kept = None
        async with self._database.read() as connection:
            # What is stored from here on has a higher number: `_follow` finds it.
            window = Window(since, await read_sequence(connection, "results"))
            place: tuple[datetime, int] = (since, 0)
            while True:
                statement = (
                    sa.select(*self._columns)
                    .where(after(place, _r.created_at, _r.sequence), _r.sequence <= window.sequence)
                    .order_by(_r.created_at, _r.sequence)
                )
                last = await _add(connection, window, statement)
                if last is None:
                    break
                place = to_date(last.end), last.sequence
            await _describe(connection, window)
        if len(window) <= _MOST_KEPT:
            self._kept, self._loaded_at = window, now
        return window

    async def _follow(self, window: Window) -> None:
        async with self._database.read() as connection:
            place = window.sequence
            while True:
                statement = (
                    sa.select(*self._columns)
                    .where(_r.sequence > place, _r.created_at >= window.since)
                    .order_by(_r.sequence)
                )
                last = await _add(connection, window, statement)
                if last is None:
                    break
                place = last.sequence
            await _describe(connection, window)


async def _add(connection: AsyncConnection, window: Window, statement: sa.Select[Any]) -> Attempt | None:
    """Add the next rows of a statement; the last of them, None where there are no more."""
    rows = (await connection.execute(statement.limit(_CHUNK_ROWS))).all()
    window.add(rows)
    return Attempt(*rows[-1]) if len(rows) == _CHUNK_ROWS else None


async def _describe(connection: AsyncConnection, window: Window) -> None:
    """Provider, model, kind and location, as the last result of each series has them."""
    sequences = {window.last_sequence(key): key for key in window.undescribed}
    if not sequences:
        return
    rows = await connection.execute(
        sa.select(_r.sequence, _r.provider, _r.model, _r.kind, _r.location).where(_r.sequence.in_(sequences))
    )
    for sequence, *names in rows:
        window.describe(sequences[sequence], names)
