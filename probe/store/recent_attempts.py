"""What each target did in a window of time, mostly the last day: attempts in columns of numbers, in memory.

A window is read from one index in one pass (`ix_benchmark_results_created_at`), a few thousand rows at a
time, and followed by sequence: a caller that asks again for one that begins no earlier pays for what was
stored since, and for nothing else. An attempt takes about 100 bytes; columns are cut by bisection and added
up in C, so that a board over a day costs milliseconds. No formula of `probe.analysis` stands here.
"""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import compress, islice
from operator import add, itemgetter, le
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.analysis.jitter import prompt_number
from probe.analysis.tally import OWN_FAILURES, timed_where
from probe.facts.sample import FailureKind
from probe.lib.clock import Clock
from probe.lib.gc_pause import paused
from probe.store.delivery import read_sequence
from probe.store.engine import Database
from probe.store.paging import after
from probe.store.records import LeaderboardRow
from probe.store.schema import benchmark_results as results
from probe.store.timed_values import TimedValues
from probe.store.url import SqlDialect

_CHUNK_ROWS = 10_000
# Results that somebody deletes by hand are seen to be gone after this long.
_KEPT = timedelta(minutes=10)
# About 50 MB; a larger window is read anew each time.
_MOST_KEPT = 500_000

_r = results.c
_TIMED = timed_where(_r.success, _r.trusted, _r.reused, _r.connection == "cold")
_NOT_STREAMED = "whole:"
_HOUR_SECONDS = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  SQLite's dates are text without a zone, in UTC

# Target, connection and suite in one text, as each column costs as much as the next; none holds the mark.
_MARK = "\x1f"
_series = itemgetter(0)


class _Attempt(NamedTuple):
    """One result as the window takes it, in few columns: each costs as much as the next.

    `series` is its target, connection and suite. `prompt` is its hash, marked where the answer was not
    streamed. `cost_usd` is None if it is not known.
    """

    series: str
    sequence: int
    end: datetime | str
    failure_kind: FailureKind | None
    ttft_ms: float | None
    total_latency_ms: float | None
    tps: float | None
    prompt: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class RecentAttempts:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._columns = _attempt(database.url.dialect)
        self._lock = asyncio.Lock()
        self._kept: _Window | None = None
        self._loaded_at: datetime | None = None

    async def rows(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[LeaderboardRow, ...]:
        """One row for each target, kind of connection and suite with a result in the window, by name.

        The window begins 24 hours ago unless it is given. One without `until` is open; its hours are counted
        up to now.
        """
        now = self._clock.now()
        since = since or now - timedelta(hours=24)
        hours = max(1, -(-int(((until or now) - since).total_seconds()) // _HOUR_SECONDS))
        async with self._lock:
            window = self._usable(since, now)
            if window is None:
                with paused():
                    window = await self._load(since, now)
            else:
                await self._follow(window)
                window.forget_before(since)
            return window.rows(since, until, hours)

    def _usable(self, since: datetime, now: datetime) -> _Window | None:
        if self._kept is None or self._loaded_at is None or since < self._kept.since:
            return None
        return self._kept if timedelta(0) <= now - self._loaded_at < _KEPT else None

    async def _load(self, since: datetime, now: datetime) -> _Window:
        self._kept = None
        async with self._database.read() as connection:
            # What is stored from here on has a higher number: `_follow` finds it.
            window = _Window(since, await read_sequence(connection, "results"))
            found = sa.select(*self._columns).where(_r.sequence <= window.sequence)

            def beyond(last: _Attempt | None) -> sa.ColumnElement[bool]:
                place = (since, 0) if last is None else (_to_date(last.end), last.sequence)
                return after(place, _r.created_at, _r.sequence)

            await _read(connection, window, found.order_by(_r.created_at, _r.sequence), beyond)
        if len(window) <= _MOST_KEPT:
            self._kept, self._loaded_at = window, now
        return window

    async def _follow(self, window: _Window) -> None:
        known = window.sequence
        found = sa.select(*self._columns).where(_r.created_at >= window.since).order_by(_r.sequence)

        def beyond(last: _Attempt | None) -> sa.ColumnElement[bool]:
            return _r.sequence > (known if last is None else last.sequence)

        async with self._database.read() as connection:
            await _read(connection, window, found, beyond)


class _Series:
    """The attempts on one target over one kind of connection with one suite, in the order of their ends."""

    __slots__ = (
        "costs", "ends", "input_tokens", "kinds", "last", "names", "output_tokens", "total",
        "tps", "ttft",
    )  # fmt: skip

    def __init__(self) -> None:
        self.ends = array("d")
        self.kinds: list[FailureKind | None] = []
        self.input_tokens = array("q")
        self.output_tokens = array("q")
        self.costs: list[float | None] = []
        # Each total latency is labelled with the number of its prompt.
        self.ttft, self.total, self.tps = TimedValues(), TimedValues(), TimedValues()
        # End and sequence of the last attempt; provider, model, kind and location as it has them.
        self.last = (0.0, 0)
        self.names: Sequence[Any] = ()

    def add(self, attempts: Sequence[Sequence[Any]]) -> bool:
        """Attempts of this series, tuples of `_Attempt`; whether the last one of the series is among them."""
        columns = zip(*attempts, strict=True)
        _, sequences, dates, kinds, ttft, total, tps, prompts, given, made, costs = columns
        ends = _seconds(dates)
        in_order = (not self.ends or self.ends[-1] <= ends[0]) and all(map(le, ends, islice(ends, 1, None)))
        newest = (ends[-1], sequences[-1]) if in_order else max(zip(ends, sequences, strict=True))
        self.ends.fromlist(ends)
        self.kinds += kinds
        self.input_tokens.extend(given)
        self.output_tokens.extend(made)
        self.costs += costs
        self.ttft.extend(ends, ttft, 1000)
        self.total.extend(ends, total, 1000, _numbers(prompts))
        self.tps.extend(ends, tps, 1)
        if not in_order:
            self._sort()
        if newest < self.last:
            return False
        self.last = newest
        return True

    def _sort(self) -> None:
        order = sorted(range(len(self.ends)), key=self.ends.__getitem__)

        def in_order(values: Sequence[Any]) -> list[Any]:
            return [values[index] for index in order]

        self.kinds, self.costs = in_order(self.kinds), in_order(self.costs)
        self.ends = array("d", in_order(self.ends))
        self.input_tokens = array("q", in_order(self.input_tokens))
        self.output_tokens = array("q", in_order(self.output_tokens))
        for column in (self.ttft, self.total, self.tps):
            column.sort()

    def forget_before(self, start: float) -> None:
        count = bisect_left(self.ends, start)
        if count:
            for values in (self.ends, self.kinds, self.input_tokens, self.output_tokens, self.costs):
                del values[:count]
            for column in (self.ttft, self.total, self.tps):
                column.forget_before(start)

    def row(self, key: Sequence[str], since: datetime, stop: float, hours: int) -> LeaderboardRow | None:
        """None if nothing ended in [since, stop)."""
        start = _to_seconds(since)
        part = slice(bisect_left(self.ends, start), bisect_left(self.ends, stop))
        ends, kinds = self.ends[part], self.kinds[part]
        if not ends:
            return None
        target, connection, suite = key
        provider, model, kind, location = self.names
        good = _of_successes(ends, kinds)
        by_hour = _by_hour(ends, start, hours)
        failures = Counter(kind for kind in kinds if kind is not None)
        given, made, costs = self.input_tokens[part], self.output_tokens[part], self.costs[part]
        known = [cost is not None for cost in costs]
        return LeaderboardRow(
            target=target,
            connection=connection,  # type: ignore[arg-type]
            suite=suite,
            provider=provider,
            model=model,
            kind=kind,
            location=location,
            since=since,
            attempts=len(ends),
            successes=len(good),
            own_failures=sum(failures[failure] for failure in OWN_FAILURES),
            failures=failures,
            ttft_seconds=self.ttft.within(start, stop),
            ttft_at_seconds=self.ttft.seconds_within(start, stop),
            total_latency_seconds=self.total.within(start, stop),
            tps=self.tps.within(start, stop),
            prompts=self.total.labels_within(start, stop),
            input_tokens=sum(given),
            output_tokens=sum(made),
            # A sum of binary fractions, without the digits that adding made up.
            cost_usd=Decimal(repr(round(sum(filter(None, costs)), 12))),
            costed=sum(known),
            costed_tokens=sum(compress(map(add, given, made), known)),
            attempts_by_hour=by_hour,
            successes_by_hour=by_hour if good is ends else _by_hour(good, start, hours),
            last_at=_EPOCH + timedelta(seconds=ends[-1]),
            last_success_at=_EPOCH + timedelta(seconds=good[-1]) if good else None,
        )


class _Window:
    """Everything that ended since an instant, up to a sequence."""

    def __init__(self, since: datetime, sequence: int) -> None:
        self.since = since
        self.sequence = sequence
        self.undescribed: set[str] = set()
        self.series: dict[str, _Series] = {}

    def __len__(self) -> int:
        """How many attempts it holds."""
        return sum(len(series.ends) for series in self.series.values())

    def add(self, attempts: Sequence[Sequence[Any]]) -> None:
        """Tuples of `_Attempt`. The series whose last attempt is among them are `undescribed` then."""
        parts: defaultdict[str, list[Sequence[Any]]] = defaultdict(list)
        for key, attempt in zip(map(_series, attempts), attempts, strict=True):
            parts[key].append(attempt)
        for key, part in parts.items():
            series = self.series.setdefault(key, _Series())
            if series.add(part):
                self.undescribed.add(key)
            self.sequence = max(self.sequence, part[-1][1], part[0][1])

    def describe(self, key: str, names: Sequence[Any]) -> None:
        """Provider, model, kind and location of the last attempt of a series."""
        self.series[key].names = names
        self.undescribed.discard(key)

    def forget_before(self, since: datetime) -> None:
        start = _to_seconds(since)
        for series in self.series.values():
            series.forget_before(start)
        self.series = {key: series for key, series in self.series.items() if series.ends}
        self.since = since

    def rows(self, since: datetime, until: datetime | None, hours: int) -> tuple[LeaderboardRow, ...]:
        """By name; one for each series with an attempt in the window."""
        stop = float("inf") if until is None else _to_seconds(until)
        named = {tuple(key.split(_MARK)): series for key, series in self.series.items()}
        rows = (named[key].row(key, since, stop, hours) for key in sorted(named))
        return tuple(row for row in rows if row is not None)


def _to_seconds(date: datetime) -> float:
    return (date - _EPOCH).total_seconds()


def _to_date(date: datetime | str) -> datetime:
    """A date as the driver gives it: SQLite's are text in UTC."""
    return datetime.fromisoformat(date).replace(tzinfo=UTC) if isinstance(date, str) else date


def _seconds(dates: Sequence[datetime | str]) -> list[float]:
    """All of the kind that the driver gives."""
    if dates and isinstance(dates[0], str):
        parse = datetime.fromisoformat
        return [(parse(date) - _NAIVE_EPOCH).total_seconds() for date in dates]  # type: ignore[arg-type]
    return [(date - _EPOCH).total_seconds() for date in dates]  # type: ignore[operator]


def _numbers(prompts: Sequence[str]) -> list[int]:
    """The number of the prompt of each attempt."""
    numbers = {
        prompt: prompt_number(prompt.removeprefix(_NOT_STREAMED), not prompt.startswith(_NOT_STREAMED))
        for prompt in set(prompts)
    }
    return list(map(numbers.__getitem__, prompts))


def _of_successes(ends: array[float], kinds: Sequence[FailureKind | None]) -> array[float]:
    """The ends of the attempts that did not fail; the same array where none did."""
    if kinds.count(None) == len(kinds):
        return ends
    return array("d", [end for end, kind in zip(ends, kinds, strict=True) if kind is None])


def _by_hour(ends: Sequence[float], start: float, hours: int) -> tuple[int, ...]:
    """How many in each hour from `start` on; the last hour takes what is later."""
    edges = [bisect_left(ends, start + _HOUR_SECONDS * hour) for hour in range(hours)]
    return tuple(stop - first for first, stop in zip(edges, [*edges[1:], len(ends)], strict=True))


def _raw(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """As the driver gives it: over a whole window the conversions cost more than the reading."""
    return sa.type_coerce(expression, sa.types.NullType())


def _attempt(dialect: SqlDialect) -> list[sa.ColumnElement[Any]]:
    """The columns of an `_Attempt`."""

    def number(expression: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        # PostgreSQL's numerics would come as decimals, five times as dear as floats.
        return sa.cast(expression, sa.Double) if dialect == "postgresql" else _raw(expression)

    columns = {
        "series": _r.target + _MARK + _r.connection + _MARK + _r.suite,
        "sequence": _r.sequence,
        "end": _raw(_r.created_at),
        "failure_kind": _r.failure_kind,
        "ttft_ms": number(sa.case((_TIMED, _r.ttft_ms))),
        "total_latency_ms": number(sa.case((_TIMED, _r.total_latency_ms))),
        "tps": number(sa.case((_TIMED, _r.tps))),
        "prompt": sa.case((_r.streaming, _r.prompt_hash), else_=_NOT_STREAMED + _r.prompt_hash),
        "input_tokens": _r.input_tokens,
        "output_tokens": _r.output_tokens,
        "cost_usd": number(sa.case((_r.cost_known, _r.cost_usd))),
    }
    return [columns[field] for field in _Attempt._fields]


async def _read(
    connection: AsyncConnection,
    window: _Window,
    statement: sa.Select[Any],
    beyond: Callable[[_Attempt | None], sa.ColumnElement[bool]],
) -> None:
    """Add the rows of a statement piece by piece; `beyond` chooses those after the last one read."""
    last: _Attempt | None = None
    while True:
        rows = (await connection.execute(statement.where(beyond(last)).limit(_CHUNK_ROWS))).all()
        window.add(rows)
        if len(rows) < _CHUNK_ROWS:
            break
        last = _Attempt(*rows[-1])
    await _describe(connection, window)


async def _describe(connection: AsyncConnection, window: _Window) -> None:
    """Provider, model, kind and location, as the last result of each series has them."""
    sequences = {window.series[key].last[1]: key for key in window.undescribed}
    if not sequences:
        return
    rows = await connection.execute(
        sa.select(_r.sequence, _r.provider, _r.model, _r.kind, _r.location).where(_r.sequence.in_(sequences))
    )
    for sequence, *names in rows:
        window.describe(sequences[sequence], names)
