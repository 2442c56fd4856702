"""Pages of a listing by the last item seen: what comes next costs the same however far one has come.

Where a page ended is text that a URL can hold.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from probe.store.records import EventFilter, ResultFilter, RunFilter

PAGE_ROWS = 100

Tie = TypeVar("Tie")

_INSTANT = "(0|[1-9a-f][0-9a-f]{0,13})"
SEQUENCE_CURSOR = f"^{_INSTANT}-(0|[1-9][0-9]{{0,17}})$"
ID_CURSOR = f"^{_INSTANT}-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$"
"""Every cursor of a listing whose ties are sequences, or ids."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_cursor(at: datetime, tie: object) -> str:
    """`tie` tells items of the same instant apart."""
    return f"{(at - _EPOCH) // _MICROSECOND:x}-{tie}"


def decode_cursor(text: str, parse: Callable[[str], Tie]) -> tuple[datetime, Tie]:
    """`parse` reads the tie back. Raises ValueError if the text was not made by `encode_cursor`."""
    if not any(re.fullmatch(pattern, text) for pattern in (SEQUENCE_CURSOR, ID_CURSOR)):
        raise ValueError("not a cursor of a page of any listing")
    instant, _, tie = text.partition("-")
    try:
        return _EPOCH + int(instant, 16) * _MICROSECOND, parse(tie)
    except (ValueError, OverflowError) as error:
        raise ValueError("not a cursor of a page of this listing") from error


def sequence(text: str) -> int:
    """A tie that is a sequence. Raises ValueError."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def after(place: tuple[Any, ...], *order: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Rows that come after a place in an ascending order."""
    return sa.tuple_(*order) > _values(place, order)


def before(place: tuple[Any, ...], *order: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Rows that come before it: the next ones of a descending order."""
    return sa.tuple_(*order) < _values(place, order)


def chosen_by(
    wanted: EventFilter | ResultFilter | RunFilter, columns: Any, instant: sa.Column[Any]
) -> list[sa.ColumnElement[bool]]:
    """What a filter says of columns of its fields' names; its `since` and `until` are about `instant`.

    Fields that are true or false are left to the caller.
    """
    named = {field.name: getattr(wanted, field.name) for field in fields(wanted) if field.name in columns}
    found = [columns[name] == value for name, value in named.items() if not isinstance(value, bool | None)]
    if wanted.since is not None:
        found.append(instant >= wanted.since)
    if wanted.until is not None:
        found.append(instant < wanted.until)
    return found


def _values(place: tuple[Any, ...], order: tuple[sa.Column[Any], ...]) -> sa.Tuple:
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(place, order, strict=True)))
