"""What each target did in a window: counts, sums and the figures of its attempts.

They are what `probe.analysis` judges; no formula stands here. A window is read from one index, in one pass, a
few thousand rows at a time; see `ix_benchmark_results_created_at`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.store.engine import Database
from probe.store.records import LeaderboardRow, Points
from probe.store.schema import benchmark_results as results

_CHUNK_ROWS = 5000
_HOUR_SECONDS = 3600

_r = results.c
# As `probe.analysis.timed` has it.
_TIMED = _r.success & _r.trusted & (_r.reused | (_r.connection == "cold"))


def _raw(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """As the driver gives it: over a whole window the conversions cost more than the reading."""
    return sa.type_coerce(expression, sa.types.NullType())


def _columns() -> tuple[sa.ColumnElement[Any], ...]:
    """What `_Tally.add` takes after target and connection. Each further column costs a twentieth of the
    time."""
    return (
        _r.sequence,
        _raw(_r.created_at),
        _r.failure_kind,
        _raw(sa.case((_TIMED, _r.ttft_ms))),
        _raw(sa.case((_TIMED, _r.total_latency_ms))),
        _raw(sa.case((_TIMED, _r.tps))),
        _r.input_tokens,
        _r.output_tokens,
        _raw(_r.cost_usd),
        sa.case((_r.cost_known, _r.input_tokens + _r.output_tokens)),
    )


@dataclass(slots=True)
class _Tally:
    """One target over one kind of connection while it is being added up."""

    attempts_by_hour: list[int]
    successes_by_hour: list[int]
    failures: Counter[Any] = field(default_factory=Counter)
    ttft: Points = field(default_factory=Points)
    total: Points = field(default_factory=Points)
    tps: Points = field(default_factory=Points)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Any = 0
    costed: int = 0
    costed_tokens: int = 0
    last_attempt: Any = None
    last_success: Any = None
    last_sequence: int = 0

    def add(self, rows: Sequence[Sequence[Any]], since: datetime) -> None:
        """Rows of this series, in the order of time, each target, connection and then `_columns`."""
        _, _, sequences, ends, kinds, ttft, total, tps, given, made, costs, costed_tokens = zip(
            *rows, strict=True
        )
        at = _seconds_since(since, ends)
        last_hour = len(self.attempts_by_hour) - 1
        for seconds, end, kind in zip(at, ends, kinds, strict=True):
            hour = int(seconds) // _HOUR_SECONDS
            if hour > last_hour:
                hour = last_hour
            self.attempts_by_hour[hour] += 1
            if kind is None:
                self.successes_by_hour[hour] += 1
                self.last_success = end
            else:
                self.failures[kind] += 1
        _extend(self.ttft, at, ttft, 1000)
        _extend(self.total, at, total, 1000)
        _extend(self.tps, at, tps, 1)
        self.input_tokens += sum(given)
        self.output_tokens += sum(made)
        self.cost_usd += sum(costs)
        known = [tokens for tokens in costed_tokens if tokens is not None]
        self.costed += len(known)
        self.costed_tokens += sum(known)
        self.last_attempt = ends[-1]
        self.last_sequence = sequences[-1]


async def leaderboard_rows(
    database: Database, since: datetime, until: datetime | None, now: datetime
) -> tuple[LeaderboardRow, ...]:
    """One row for each target and kind of connection with a result in the window, by name.

    A window without `until` is open; its hours are counted up to `now`.
    """
    hours = max(1, -(-int(((until or now) - since).total_seconds()) // _HOUR_SECONDS))
    tallies: dict[tuple[str, str], _Tally] = defaultdict(lambda: _Tally([0] * hours, [0] * hours))
    statement = (
        sa.select(_r.target, _r.connection, *_columns())
        .where(_r.created_at >= since)
        .order_by(_r.created_at, _r.sequence)
    )
    if until is not None:
        statement = statement.where(_r.created_at < until)
    async with database.read() as connection:
        stream = await connection.stream(statement)
        async for rows in stream.partitions(_CHUNK_ROWS):
            series: dict[tuple[str, str], list[Sequence[Any]]] = defaultdict(list)
            for row in rows:
                series[row[0], row[1]].append(row)
            for key, some in series.items():
                tallies[key].add(some, since)
        names = await _descriptions(connection, tallies.values())
    return tuple(
        _finished(key, tally, names[tally.last_sequence], since) for key, tally in sorted(tallies.items())
    )


async def _descriptions(connection: AsyncConnection, tallies: Iterable[_Tally]) -> dict[int, Sequence[Any]]:
    """Provider, model, kind and location by sequence, as the last result of each series has them."""
    rows = await connection.execute(
        sa.select(_r.sequence, _r.provider, _r.model, _r.kind, _r.location).where(
            _r.sequence.in_([tally.last_sequence for tally in tallies])
        )
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
        attempts=sum(tally.attempts_by_hour),
        successes=sum(tally.successes_by_hour),
        failures=dict(tally.failures),
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


def _extend(points: Points, at: list[float], values: Sequence[float | Decimal | None], divisor: int) -> None:
    known = [float(value) / divisor for value in values if value is not None]
    if len(known) < len(at):
        at = [seconds for seconds, value in zip(at, values, strict=True) if value is not None]
    points.at_seconds.fromlist(at)
    points.values.fromlist(known)


def _seconds_since(start: datetime, ends: Sequence[datetime | str]) -> list[float]:
    """SQLite's dates are text in UTC; without a zone they are read, and compared, in half the time."""
    naive = start.astimezone(UTC).replace(tzinfo=None)
    parse = datetime.fromisoformat
    return [((parse(end) - naive) if isinstance(end, str) else (end - start)).total_seconds() for end in ends]


def _utc(value: datetime | str) -> datetime:
    """SQLite's dates are text in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


def _money(value: Decimal | float) -> Decimal:
    """A sum of SQLite's REALs, without the digits that binary addition made up."""
    return value if isinstance(value, Decimal) else Decimal(repr(round(float(value), 12)))
