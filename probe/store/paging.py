"""Where a page of a listing ended, as text that a URL can hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

Tie = TypeVar("Tie")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(at: datetime, tie: object) -> str:
    """`tie` tells items of the same instant apart."""
    return f"{(at - _EPOCH) // _MICROSECOND:x}-{tie}"


def decode(text: str, parse: Callable[[str], Tie]) -> tuple[datetime, Tie]:
    """`parse` reads the tie back. Raises ValueError where the text was not made by `encode`."""
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
