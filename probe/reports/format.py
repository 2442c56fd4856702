"""Figures as people read them: three significant digits, a unit, and an en dash for what is unknown.

Pure. Every function takes None and gives `UNKNOWN` for it. A no-break space joins number and unit, and commas
group the digits, so that a column of milliseconds can be compared by its width.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

UNKNOWN = "–"
NBSP = "\u00a0"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def duration(seconds: float | None) -> str:
    """`4.21 ms`, `184 ms`, `1,842 ms`, `12.3 s`, `124 s`: milliseconds below ten seconds."""
    if seconds is None:
        return UNKNOWN
    if seconds >= 10 or round(seconds * 1000) >= 10_000:
        return f"{_three_digits(seconds)}{NBSP}s"
    return f"{_three_digits(seconds * 1000)}{NBSP}ms"


def tokens_per_second(tps: float | None) -> str:
    """`8.42`, `84.2`, `1,842`; the unit stands in the column head."""
    return UNKNOWN if tps is None else _three_digits(tps)


def integer(number: int | None) -> str:
    """`1,842`."""
    return UNKNOWN if number is None else f"{number:,}"


def percent(part: int | None, whole: int | None) -> str:
    """`99.9 %`; 100 % and 0 % are said only if they are exact. Unknown out of none at all."""
    if part is None or not whole:
        return UNKNOWN
    if part == whole:
        return f"100{NBSP}%"
    ratio = part * 100 / whole
    shown = min(99.9, max(0.1, ratio)) if 0 < part < whole else ratio
    return f"{shown:.1f}{NBSP}%" if shown % 1 >= 0.05 else f"{shown:.0f}{NBSP}%"


def usd(amount: Decimal | None) -> str:
    """`$0`, `$0.000123`, `$0.42`, `$12.30`, `$1,234`: two decimals from ten cents, else three digits.

    Below a hundred-millionth of a dollar `<$0.00000001`.
    """
    if amount is None:
        return UNKNOWN
    if amount == 0:
        return "$0"
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    if size < Decimal("0.00000001"):
        return f"{sign}<$0.00000001"
    if size >= 1000:
        return f"{sign}${size:,.0f}"
    if size >= Decimal("0.1"):
        return f"{sign}${size:.2f}"
    places = 2 - size.adjusted()
    digits = f"{size:.{places}f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"{sign}${whole}.{fraction:0<2}"


def ago(then: datetime | None, now: datetime) -> str:
    """`just now`, `42 s ago`, `4 min ago`, `3 h ago`, `2 d ago`. An instant in the future is `just now`."""
    if then is None:
        return UNKNOWN
    seconds = (now - then).total_seconds()
    return "just now" if seconds < 5 else f"{span(seconds)} ago"


def until(then: datetime | None, now: datetime) -> str:
    """`now`, `in 42 s`, `in 4 min`, `in 3 h`, `in 2 d`. An instant in the past is `now`."""
    if then is None:
        return UNKNOWN
    seconds = (then - now).total_seconds()
    return "now" if seconds < 1 else f"in {span(seconds)}"


def span(seconds: float) -> str:
    """The largest unit that fits, rounded down; hours keep their minutes up to six: `5 h 20 min`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}{NBSP}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}{NBSP}min"
    if whole < 6 * _HOUR and whole % _HOUR >= _MINUTE:
        return f"{whole // _HOUR}{NBSP}h {whole % _HOUR // _MINUTE}{NBSP}min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}{NBSP}h"
    return f"{whole // _DAY}{NBSP}d"


def utc_time(when: datetime | None) -> str:
    """`2026-11-21 03:12:07` in UTC, for a column whose head says so."""
    return UNKNOWN if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def utc_timestamp(when: datetime | None) -> str:
    """`2026-11-21 03:12:07 UTC`."""
    return UNKNOWN if when is None else f"{utc_time(when)} UTC"


def clock_time(when: datetime | None, now: datetime) -> str:
    """`03:12 UTC` within a day of now, else with the date: `Nov 23, 02:00 UTC`."""
    if when is None:
        return UNKNOWN
    utc = when.astimezone(UTC)
    if abs(now - when) < timedelta(days=1):
        return f"{utc:%H:%M} UTC"
    return f"{utc:%b} {utc.day}, {utc:%H:%M} UTC"


def _three_digits(value: float) -> str:
    """`0`, `0.042`, `4.21`, `84.2`, `184`, `1,842`."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 99.95:
        return f"{value:,.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3f}" if size >= 0.0005 else "<0.001"
