"""Values as JSON columns hold them: exact, decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from probe.catalog.prices.price import plain
from probe.store.rows import clean


def json_value(value: object) -> Any:
    """The value as both databases can hold it: decimals, dates and ids become text, no number becomes null.

    Raises TypeError where it is nothing that JSON has a form of.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value)
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return plain(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {clean(str(key)): json_value(each) for key, each in value.items()}
        case Sequence() | frozenset() | set():
            return [json_value(each) for each in value]
        case _:
            raise TypeError(f"no JSON of {type(value).__name__}")
