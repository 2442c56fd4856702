"""Instants as sinks take them."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def unix_ns(at: datetime) -> int:
    """Unix nanoseconds. Instants are known to the microsecond, which a float of seconds only nearly holds."""
    return (at - _EPOCH) // _MICROSECOND * 1000
