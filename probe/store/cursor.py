"""Where a page of a listing ended, as text that a URL can hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**63 - 1
_FOREIGN = "not a cursor of a page of this program"


def encode(at: datetime, tie: int | str) -> str:
    """`tie` tells items of the same instant apart."""
    return f"{(at - _EPOCH) // _MICROSECOND:x}-{tie}"


def decode(text: str) -> tuple[datetime, int]:
    """Raises ValueError where the text was not made by `encode` with a number."""
    at, tie = decode_text(text)
    number = int(tie)
    if not 0 <= number <= _LARGEST:
        raise ValueError(_FOREIGN)
    return at, number


def decode_text(text: str) -> tuple[datetime, str]:
    """Raises ValueError where the text was not made by `encode`."""
    instant, _, tie = text.partition("-")
    try:
        return _EPOCH + int(instant, 16) * _MICROSECOND, tie
    except (ValueError, OverflowError) as error:
        raise ValueError(_FOREIGN) from error
