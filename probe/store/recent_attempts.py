"""A stretch of time in memory: what each series did, in columns of numbers, about 100 bytes an attempt.

Columns are cut by bisection and added up in C, so that a board over a day costs milliseconds; no formula of
`probe.analysis` stands here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from operator import le
from typing import Any, NamedTuple

from probe.facts.sample import FailureKind
from probe.store.records import LeaderboardRow, Points

HOUR_SECONDS = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  SQLite's dates are text without a zone, in UTC

Key = tuple[str, str]  # target, connection


class Attempt(NamedTuple):
    """One result as the window takes it. `cost_tokens` is None where the cost is not known."""

    target: str
    connection: str
    sequence: int
    end: datetime | str
    failure_kind: FailureKind | None
    ttft_ms: float | None
    total_latency_ms: float | None
    tps: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float
    cost_tokens: int | None


class _Column:
    """Values with the instants they belong to, seconds since the epoch, in order."""

    __slots__ = ("ends", "values")

    def __init__(self) -> None:
        self.ends = array("d")
        self.values = array("d")

    def extend(self, ends: list[float], values: Sequence[Any], divisor: int) -> None:
        """Append what is known, divided."""
        known = [value / divisor for value in values if value is not None]
        if len(known) < len(ends):
            ends = [end for end, value in zip(ends, values, strict=True) if value is not None]
        self.ends.fromlist(ends)
        self.values.fromlist(known)

    def sort(self) -> None:
        pairs = sorted(zip(self.ends, self.values, strict=True))
        self.ends = array("d", (end for end, _ in pairs))
        self.values = array("d", (value for _, value in pairs))

    def forget_before(self, start: float) -> None:
        count = bisect_left(self.ends, start)
        del self.ends[:count]
        del self.values[:count]

    def points(self, start: float, stop: float) -> Points:
        first, last = bisect_left(self.ends, start), bisect_left(self.ends, stop)
        return Points(
            at_seconds=array("d", [end - start for end in self.ends[first:last]]),
            values=self.values[first:last],
        )


class _Series:
    """The attempts on one target over one kind of connection, in the order in which they ended."""

    __slots__ = (
        "cost_tokens", "costs", "ends", "input_tokens", "kinds", "last", "names", "output_tokens", "total",
        "tps", "ttft",
    )  # fmt: skip

    def __init__(self) -> None:
        self.ends = array("d")
        self.kinds: list[FailureKind | None] = []
        self.input_tokens = array("q")
        self.output_tokens = array("q")
        self.costs = array("d")
        self.cost_tokens: list[int | None] = []
        self.ttft, self.total, self.tps = _Column(), _Column(), _Column()
        # End and sequence of the last attempt; provider, model, kind and location as it has them.
        self.last = (0.0, 0)
        self.names: Sequence[Any] = ()

    def add(self, attempts: Sequence[Sequence[Any]]) -> bool:
        """Attempts of this series, tuples of `Attempt`; whether the last one of the series is among them."""
        _, _, sequences, dates, kinds, ttft, total, tps, given, made, costs, cost_tokens = zip(
            *attempts, strict=True
        )
        ends = _seconds(dates)
        in_order = (not self.ends or self.ends[-1] <= ends[0]) and all(map(le, ends, islice(ends, 1, None)))
        newest = (ends[-1], sequences[-1]) if in_order else max(zip(ends, sequences, strict=True))
        self.ends.fromlist(ends)
        self.kinds += kinds
        self.input_tokens.extend(given)
        self.output_tokens.extend(made)
        self.costs.extend(costs)
        self.cost_tokens += cost_tokens
        self.ttft.extend(ends, ttft, 1000)
        self.total.extend(ends, total, 1000)
        self.tps.extend(ends, tps, 1)
        if not in_order:
            self._sort()
        if newest < self.last:
            return False
        self.last = newest
        return True

    def _sort(self) -> None:
        order = sorted(range(len(self.ends)), key=self.ends.__getitem__)
        self.kinds = [self.kinds[index] for index in order]
        self.cost_tokens = [self.cost_tokens[index] for index in order]
        for name in ("ends", "costs"):
            setattr(self, name, array("d", [getattr(self, name)[index] for index in order]))
        for name in ("input_tokens", "output_tokens"):
            setattr(self, name, array("q", [getattr(self, name)[index] for index in order]))
        for column in (self.ttft, self.total, self.tps):
            column.sort()

    def forget_before(self, start: float) -> None:
        count = bisect_left(self.ends, start)
        if count:
            for values in (
                self.ends, self.kinds, self.input_tokens, self.output_tokens, self.costs, self.cost_tokens,
            ):  # fmt: skip
                del values[:count]
            for column in (self.ttft, self.total, self.tps):
                column.forget_before(start)

    def row(self, key: Key, since: datetime, stop: float, hours: int) -> LeaderboardRow | None:
        """None where nothing ended in [since, stop)."""
        start = to_seconds(since)
        part = slice(bisect_left(self.ends, start), bisect_left(self.ends, stop))
        ends, kinds = self.ends[part], self.kinds[part]
        if not ends:
            return None
        target, connection = key
        provider, model, kind, location = self.names
        good = _of_successes(ends, kinds)
        by_hour = _by_hour(ends, start, hours)
        known = [tokens for tokens in self.cost_tokens[part] if tokens is not None]
        return LeaderboardRow(
            target=target,
            connection=connection,  # type: ignore[arg-type]
            provider=provider,
            model=model,
            kind=kind,
            location=location,
            since=since,
            attempts=len(ends),
            successes=len(good),
            failures=Counter(filter(None, kinds)),
            ttft_seconds=self.ttft.points(start, stop),
            total_latency_seconds=self.total.points(start, stop),
            tps=self.tps.points(start, stop),
            input_tokens=sum(self.input_tokens[part]),
            output_tokens=sum(self.output_tokens[part]),
            # A sum of binary fractions, without the digits that adding made up.
            cost_usd=Decimal(repr(round(sum(self.costs[part]), 12))),
            costed=len(known),
            costed_tokens=sum(known),
            attempts_by_hour=by_hour,
            successes_by_hour=by_hour if good is ends else _by_hour(good, start, hours),
            last_attempt_at=_from_seconds(ends[-1]),
            last_success_at=_from_seconds(good[-1]) if good else None,
        )


class Window:
    """Everything that ended since an instant, up to a sequence."""

    def __init__(self, since: datetime, sequence: int) -> None:
        self.since = since
        self.sequence = sequence
        self.undescribed: set[Key] = set()
        self._series: dict[Key, _Series] = {}

    def __len__(self) -> int:
        """How many attempts it holds."""
        return sum(len(series.ends) for series in self._series.values())

    def add(self, attempts: Iterable[Sequence[Any]]) -> None:
        """Tuples of `Attempt`. The series whose last attempt is among them are `undescribed` then."""
        parts: dict[Key, list[Sequence[Any]]] = {}
        for attempt in attempts:
            parts.setdefault((attempt[0], attempt[1]), []).append(attempt)
        for key, part in parts.items():
            series = self._series.setdefault(key, _Series())
            if series.add(part):
                self.undescribed.add(key)
            self.sequence = max(self.sequence, part[-1][2], part[0][2])

    def last_sequence(self, key: Key) -> int:
        """The sequence of the attempt of a series that ended last."""
        return self._series[key].last[1]

    def describe(self, key: Key, names: Sequence[Any]) -> None:
        """Provider, model, kind and location of the last attempt of a series."""
        self._series[key].names = names
        self.undescribed.discard(key)

    def forget_before(self, since: datetime) -> None:
        start = to_seconds(since)
        for series in self._series.values():
            series.forget_before(start)
        self._series = {key: series for key, series in self._series.items() if series.ends}
        self.since = since

    def rows(self, since: datetime, until: datetime | None, hours: int) -> tuple[LeaderboardRow, ...]:
        """By name; one for each series with an attempt in the window."""
        stop = float("inf") if until is None else to_seconds(until)
        rows = (series.row(key, since, stop, hours) for key, series in sorted(self._series.items()))
        return tuple(row for row in rows if row is not None)


def to_seconds(date: datetime) -> float:
    return (date - _EPOCH).total_seconds()


def to_date(date: datetime | str) -> datetime:
    """A date as the driver gives it: SQLite's are text in UTC."""
    return datetime.fromisoformat(date).replace(tzinfo=UTC) if isinstance(date, str) else date


def _from_seconds(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def _seconds(dates: Sequence[datetime | str]) -> list[float]:
    parse = datetime.fromisoformat
    return [
        ((parse(date) - _NAIVE_EPOCH) if isinstance(date, str) else (date - _EPOCH)).total_seconds()
        for date in dates
    ]


def _of_successes(ends: array[float], kinds: Sequence[FailureKind | None]) -> array[float]:
    """The ends of the attempts that did not fail; the same array where none did."""
    if kinds.count(None) == len(kinds):
        return ends
    return array("d", (end for end, kind in zip(ends, kinds, strict=True) if kind is None))


def _by_hour(ends: Sequence[float], start: float, hours: int) -> tuple[int, ...]:
    """How many in each hour from `start` on; the last hour takes what is later."""
    edges = [bisect_left(ends, start + HOUR_SECONDS * hour) for hour in range(hours)]
    return tuple(stop - first for first, stop in zip(edges, [*edges[1:], len(ends)], strict=True))
