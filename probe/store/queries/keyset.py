"""Pages of a listing by the last item seen: what comes next costs the same however far one has come."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def after(place: tuple[Any, ...], *order: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Rows that come after a place in an ascending order."""
    return sa.tuple_(*order) > _values(place, order)


def before(place: tuple[Any, ...], *order: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Rows that come before it: the next ones of a descending order."""
    return sa.tuple_(*order) < _values(place, order)


def _values(place: tuple[Any, ...], order: tuple[sa.Column[Any], ...]) -> sa.Tuple:
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(place, order, strict=True)))
