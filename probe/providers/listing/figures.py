"""Numbers, names and dates out of a model list, whose JSON may have any shape: what does not fit is None.

Numbers that are not whole came as `Decimal`, so that a price is exactly what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from probe.providers.values import whole_text

_LARGEST_SIZE = 2**31 - 1
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_LONGEST_NAME = 200

# Nothing that is listed is older; some servers put a number that is no date.
_FIRST_DATE = datetime(2015, 1, 1, tzinfo=UTC)


def part(value: object, *names: str) -> Mapping[str, Any]:
    """The object at that place; an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else _NOTHING


def size(value: object) -> int | None:
    """A number of tokens, also where it came as text (Together's v2)."""
    found = exact(value)
    if found is None or found != found.to_integral_value():
        return None
    return int(found) if 0 < found <= _LARGEST_SIZE else None


def exact(value: object) -> Decimal | None:
    """A number of at least 0, as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def name(value: object) -> str | None:
    """A short text with something in it."""
    return whole_text(value[:_LONGEST_NAME]) if isinstance(value, str) and value.strip() else None


def names(value: object) -> tuple[str, ...] | None:
    """A list of names, in their order."""
    if not isinstance(value, list):
        return None
    found = (name(each) for each in value)
    return tuple(each for each in found if each is not None) or None


def instant(value: object) -> datetime | None:
    """Seconds of the epoch, or an RFC 3339 date."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            found = datetime.fromtimestamp(int(value), UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found >= _FIRST_DATE else None


def day(value: object) -> date | None:
    """The day of an instant, in UTC."""
    found = instant(value)
    return None if found is None else found.date()


def first(*values: Any) -> Any:
    """The first that is known."""
    return next((value for value in values if value is not None), None)
