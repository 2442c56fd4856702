"""What each target did in a window: counts, sums and the figures of its successes.

They are what `probe.analysis` judges; no formula stands here.

A window is read from one index, in one pass, a few thousand rows at a time; see
`ix_benchmark_results_created_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.sample import FailureKind
from probe.store.engine import Database
from probe.store.records import LeaderboardRow, Series
from probe.store.schema import benchmark_results as results

_CHUNK_ROWS = 4000
_HOUR_SECONDS = 3600


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """As the driver gives it: over a whole window the conversions cost more than the reading."""
    return sa.type_coerce(column, sa.types.NullType()).label(column.name)


_COLUMNS = tuple(
    _raw(results.c[name])
    for name in (
        "created_at",
        "sequence",
        "target",
        "connection",
        "success",
        "trusted",
        "failure_kind",
        "ttft_ms",
        "total_latency_ms",
        "tps",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "cost_known",
    )
)


@dataclass(slots=True)
class _Tally:
    """One series while it is being added up."""

    hours: int
    attempts: int = 0
    successes: int = 0
    failures: dict[FailureKind, int] = field(default_factory=dict)
    ttft: Series = field(default_factory=Series)
    total: Series = field(default_factory=Series)
    tps: Series = field(default_factory=Series)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Any = 0
    costed: int = 0
    costed_tokens: int = 0
    attempts_by_hour: list[int] = field(init=False)
    successes_by_hour: list[int] = field(init=False)
    last_attempt: Any = None
    last_success: Any = None
    last_sequence: int = 0

    def __post_init__(self) -> None:
        self.attempts_by_hour = [0] * self.hours
        self.successes_by_hour = [0] * self.hours

    def add(self, row: Sequence[Any], seconds: float) -> None:
        (
            created_at, sequence, _, _, success, trusted, failure_kind, ttft_ms, total_ms, tps,
            input_tokens, output_tokens, cost_usd, cost_known,
        ) = row  # fmt: skip
        hour = min(int(seconds // _HOUR_SECONDS), self.hours - 1)
        self.attempts += 1
        self.attempts_by_hour[hour] += 1
        self.last_attempt = created_at
        self.last_sequence = sequence
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        if cost_known:
            self.cost_usd += cost_usd
            self.costed += 1
            self.costed_tokens += input_tokens + output_tokens
        if not success:
            self.failures[failure_kind] = self.failures.get(failure_kind, 0) + 1
            return
        self.successes += 1
        self.successes_by_hour[hour] += 1
        self.last_success = created_at
        if not trusted:
            return
        if ttft_ms is not None:
            self.ttft.append(seconds, ttft_ms / 1000)
        if total_ms is not None:
            self.total.append(seconds, total_ms / 1000)
        if tps is not None:
            self.tps.append(seconds, tps)


async def leaderboard_rows(
    database: Database, since: datetime, until: datetime | None, now: datetime
) -> tuple[LeaderboardRow, ...]:
    """One row for each target and kind of connection with a result in the window, by name.

    A window without `until` is open; its hours are counted up to `now`.
    """
    hours = max(1, -(-int(((until or now) - since).total_seconds()) // _HOUR_SECONDS))
    tallies: dict[tuple[str, str], _Tally] = {}
    statement = (
        sa.select(*_COLUMNS)
        .where(results.c.created_at >= since)
        .order_by(results.c.created_at, results.c.sequence)
    )
    if until is not None:
        statement = statement.where(results.c.created_at < until)
    async with database.read() as connection:
        start = since.timestamp()
        stream = await connection.stream(statement)
        async for rows in stream.partitions(_CHUNK_ROWS):
            for row in rows:
                key = row[2], row[3]
                tally = tallies.get(key)
                if tally is None:
                    tally = tallies[key] = _Tally(hours)
                tally.add(row, _utc(row[0]).timestamp() - start)
        names = await _descriptions(connection, [tally.last_sequence for tally in tallies.values()])
    return tuple(
        _finished(key, tally, names[tally.last_sequence], since) for key, tally in sorted(tallies.items())
    )


async def _descriptions(connection: AsyncConnection, sequences: list[int]) -> dict[int, Sequence[str]]:
    """Provider, model, kind and location, as the last result of each series has them."""
    rows = await connection.execute(
        sa.select(
            results.c.sequence, results.c.provider, results.c.model, results.c.kind, results.c.location
        ).where(results.c.sequence.in_(sequences))
    )
    return {row[0]: row[1:] for row in rows}


def _finished(key: tuple[str, str], tally: _Tally, names: Sequence[Any], since: datetime) -> LeaderboardRow:
    provider, model, kind, location = names
    return LeaderboardRow(
        target=key[0],
        connection=key[1],  # type: ignore[arg-type]
        provider=provider,
        model=model,
        kind=kind,
        location=location,
        since=since,
        attempts=tally.attempts,
        successes=tally.successes,
        failures=tally.failures,
        ttft_seconds=tally.ttft,
        total_latency_seconds=tally.total,
        tps=tally.tps,
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        cost_usd=_money(tally.cost_usd),
        costed=tally.costed,
        costed_tokens=tally.costed_tokens,
        attempts_by_hour=tuple(tally.attempts_by_hour),
        successes_by_hour=tuple(tally.successes_by_hour),
        last_attempt_at=_utc(tally.last_attempt),
        last_success_at=None if tally.last_success is None else _utc(tally.last_success),
    )


def _utc(value: datetime | str) -> datetime:
    """SQLite's dates are text in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _money(value: Decimal | float) -> Decimal:
    """A sum of SQLite's REALs, without the digits that binary addition made up."""
    return value if isinstance(value, Decimal) else Decimal(repr(round(float(value), 12)))
