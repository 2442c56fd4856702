"""Cron text as crontab(5) means it: parsed once, then pure functions from instants to instants.

Five fields: minute, hour, day of month, month, day of week. 0 and 7 are Sunday. If both day fields are
restricted (neither starts with `*`), a day that matches either of them counts; otherwise it must match both.

Daylight saving, as crontab(5) has it:
- A job at a fixed time (neither minute nor hour starts with `*`) runs once on every matching day. A time that
  the change skips runs at the instant of the change; a time that comes twice runs the first time.
- Every other job follows the clock on the wall: skipped times do not run, repeated times run twice, so that
  `*/15 * * * *` keeps its 15 minutes.

>>> cron = parse_cron("*/15 * * * *")
>>> next_fire(cron, UTC, datetime(2026, 1, 1, 12, 1, tzinfo=UTC))
datetime.datetime(2026, 1, 1, 12, 15, tzinfo=datetime.timezone.utc)
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from probe.errors import ConfigError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)

# 29 February on one day of the week comes back after 40 years at the latest.
_SEARCH_DAYS = 41 * 366
_INTERVAL_FIRES = 25
_INTERVAL_HORIZON = timedelta(days=5 * 366)


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    _Field("day of week", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A parsed expression. `times` are the times of a matching day, in order; 0 is Sunday.

    `either_day`: both day fields are restricted, so that one of them is enough. `fixed_time`: daylight saving
    neither drops nor repeats a run (see the top of this file).
    """

    text: str
    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    fixed_time: bool

    def matches(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_date = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return by_date or by_weekday if self.either_day else by_date and by_weekday


def parse_cron(text: str) -> Cron:
    """Raises ConfigError naming the text, the field and what was meant."""
    expression = _ALIASES.get(text.strip().lower(), text)
    if expression.lstrip().startswith("@"):
        raise _error(text, f"unknown alias; known are {', '.join(_ALIASES)}")
    parts = expression.split()
    if len(parts) != len(_FIELDS):
        wanted = ", ".join(field.name for field in _FIELDS)
        raise _error(text, f"{len(parts)} fields instead of {len(_FIELDS)} ({wanted})")
    minutes, hours, days, months, weekdays = (
        frozenset(_numbers(text, field, part)) for field, part in zip(_FIELDS, parts, strict=True)
    )
    either_day = not parts[2].startswith("*") and not parts[4].startswith("*")
    if not either_day and not any(min(days) <= _LONGEST_MONTHS[month - 1] for month in months):
        raise _error(text, "day of month: no chosen month has such a day, so it would never run")
    return Cron(
        text=text.strip(),
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset(number % 7 for number in weekdays),
        either_day=either_day,
        fixed_time=not parts[0].startswith("*") and not parts[1].startswith("*"),
    )


def parse_timezone(name: str) -> tzinfo:
    """An IANA name such as `Europe/Berlin`. Raises ConfigError."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ConfigError(
            f'timezone "{name}": not in the time zone database (names look like Europe/Berlin)'
        ) from exc


def next_fire(cron: Cron, zone: tzinfo, after: datetime) -> datetime | None:
    """The first instant after `after`, in UTC; None if the calendar ends first."""
    first = _local_date(after, zone) - _DAY
    for offset in range(min(_SEARCH_DAYS, (date.max - first).days - 1)):
        day = first + timedelta(days=offset)
        # A change of the clock around midnight can weave two neighbouring days into each other.
        candidates = [_first_after(_instants(cron, zone, near), after) for near in (day, day + _DAY)]
        if candidates[0] is not None:
            return min(candidate for candidate in candidates if candidate is not None)
    return None


def fire_times(cron: Cron, zone: tzinfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every instant with `after < instant <= until`, in UTC, in order, each once."""
    last = min(_local_date(until, zone) + _DAY, date.max - _DAY)
    previous = after
    day = _local_date(after, zone) - _DAY
    held: list[datetime] = []
    while day <= last:
        here = _instants(cron, zone, day)
        # Hold one day back: the next one may begin before this one has ended.
        boundary = _start(day, zone)
        ready = sorted({*held, *here})
        held = [instant for instant in ready if instant >= boundary]
        for instant in ready[: len(ready) - len(held)]:
            if previous < instant <= until:
                yield instant
                previous = instant
        day += _DAY
    for instant in held:
        if previous < instant <= until:
            yield instant
            previous = instant


def interval_seconds(cron: Cron, zone: tzinfo, after: datetime) -> float:
    """The usual time between two runs: the median over the next ones.

    A job of every 15 minutes in office hours has 900 seconds, whatever its nights are.
    """
    fires: list[datetime] = []
    instant = next_fire(cron, zone, after)
    while instant is not None and len(fires) < _INTERVAL_FIRES:
        fires.append(instant)
        if len(fires) > 1 and instant - fires[0] > _INTERVAL_HORIZON:
            break
        instant = next_fire(cron, zone, instant)
    if len(fires) < 2:
        raise ConfigError(f'cron "{cron.text}": runs fewer than two times')
    return median((later - earlier).total_seconds() for earlier, later in pairwise(fires))


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTimetable:
    """A cron expression in a time zone; the `Timetable` of a scheduled job."""

    cron: Cron
    zone: tzinfo

    @classmethod
    def parse(cls, text: str, timezone: str = "UTC") -> "CronTimetable":
        """Raises ConfigError."""
        return cls(cron=parse_cron(text), zone=parse_timezone(timezone))

    def next_after(self, instant: datetime, /) -> datetime | None:
        return next_fire(self.cron, self.zone, instant)

    def between(self, after: datetime, until: datetime, /) -> Iterator[datetime]:
        return fire_times(self.cron, self.zone, after, until)

    def interval_seconds(self, after: datetime, /) -> float:
        return interval_seconds(self.cron, self.zone, after)


def _numbers(text: str, field: _Field, part: str) -> Iterator[int]:
    for item in part.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise _error(text, f'{field.name}: "{item}" is neither *, a number, a range, nor a step of one')
        first, last, step = match["first"], match["last"], match["step"]
        low = field.low if first is None else _number(text, field, first)
        high = field.high if first is None else low if last is None else _number(text, field, last)
        if high < low:
            raise _error(text, f'{field.name}: "{item}" runs backwards; write two ranges')
        if step is not None and first is not None and last is None:
            raise _error(
                text, f'{field.name}: "{item}": a step needs a range, as in {low}-{field.high}/{step}'
            )
        if step is not None and not 0 < int(step) <= field.high - field.low:
            raise _error(text, f'{field.name}: "{item}": a step is 1 to {field.high - field.low}')
        yield from range(low, high + 1, int(step or 1))


def _number(text: str, field: _Field, word: str) -> int:
    named = field.names.get(word.lower())
    if named is not None:
        return named
    if not word.isdecimal():
        known = f" (names are {', '.join(field.names)})" if field.names else ""
        raise _error(text, f'{field.name}: "{word}" is no number{known}')
    number = int(word)
    if not field.low <= number <= field.high:
        raise _error(text, f"{field.name}: {word} is not between {field.low} and {field.high}")
    return number


def _error(text: str, reason: str) -> ConfigError:
    """In one line: what was given may hold anything."""
    message = f'cron "{text}": {reason}'
    return ConfigError("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


def _local_date(instant: datetime, zone: tzinfo) -> date:
    return instant.astimezone(zone).date()


def _first_after(instants: tuple[datetime, ...], after: datetime) -> datetime | None:
    index = bisect_right(instants, after)
    return instants[index] if index < len(instants) else None


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@lru_cache(maxsize=32)
def _instants(cron: Cron, zone: tzinfo, day: date) -> tuple[datetime, ...]:
    """The instants of one local day, in UTC and in order."""
    if not cron.matches(day):
        return ()
    # The earlier reading of this midnight, the later one of the next: no change in between is overlooked.
    midnight = datetime.combine(day, time.min, zone)
    next_midnight = datetime.combine(day + _DAY, time.min, zone).replace(fold=1)
    if midnight.utcoffset() == next_midnight.utcoffset():
        start = midnight.astimezone(UTC)
        return tuple(start + timedelta(hours=at.hour, minutes=at.minute) for at in cron.times)
    return tuple(sorted(set(_instants_of_change(cron, zone, day))))


def _instants_of_change(cron: Cron, zone: tzinfo, day: date) -> Iterator[datetime]:
    for at in cron.times:
        local = datetime.combine(day, at)
        first, second = _readings(local, zone)
        if first > second:  # skipped
            if cron.fixed_time:
                yield _end_of_gap(local, zone)
            continue
        yield first
        if first < second and not cron.fixed_time:  # repeated
            yield second


def _readings(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Both readings of a local time (PEP 495): equal, in order where repeated, reversed where skipped."""
    aware = local.replace(tzinfo=zone)
    return aware.astimezone(UTC), aware.replace(fold=1).astimezone(UTC)


def _end_of_gap(local: datetime, zone: tzinfo) -> datetime:
    while True:
        local += _MINUTE
        first, second = _readings(local, zone)
        if first <= second:
            return first
