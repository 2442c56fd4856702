"""Identifiers of rows that are sent out as well: UUIDs of version 7 (RFC 9562).

Their first 48 bits are the date in milliseconds, so that a growing table writes at the end of its index.
"""

import os
from datetime import datetime
from uuid import UUID

_RANDOM_BYTES = 10
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_VERSION_AND_VARIANT_CLEARED = ~(0xF << 76 | 0b11 << 62)


def new_id(now: datetime) -> UUID:
    """A new identifier; 74 of its bits are random."""
    milliseconds = int(now.timestamp() * 1000)
    value = milliseconds << 80 | int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
    return UUID(int=value & _VERSION_AND_VARIANT_CLEARED | _VERSION_7 | _VARIANT)
