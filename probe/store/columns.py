"""What tables are declared with: column types that mean the same on SQLite and PostgreSQL, and the metadata.

SQLite has no dates, decimals or UUIDs. Dates are stored there as UTC text that sorts and compares with the
output of `datetime('now', …)`, UUIDs as text with dashes, money as a REAL of 15 significant digits, so that
the SQL a person types by hand works on both.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from probe.facts.rates import TokenKind
from probe.lib.clock import NS_PER_SECOND

_MONEY = Context(prec=15)

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# None is a null of SQL, never the JSON of one.
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class UtcDate(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC; timestamptz on PostgreSQL, `YYYY-MM-DD HH:MM:SS.ffffff` on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Identifier(sa.types.TypeDecorator[UUID]):
    """A UUID; uuid on PostgreSQL, text with dashes on SQLite."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Uuid())
        return dialect.type_descriptor(sa.String(36))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, _: Dialect) -> UUID | None:
        return UUID(value) if isinstance(value, str) else value


class Names(sa.types.TypeDecorator[tuple[str, ...]]):
    """Names without commas, parted by commas; null if there are none."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _: Dialect) -> str | None:
        return ",".join(value) if value else None

    def process_result_value(self, value: str | None, _: Dialect) -> tuple[str, ...]:
        return tuple(value.split(",")) if value else ()


class Money(sa.types.TypeDecorator[Decimal]):
    """USD with 15 significant digits; numeric on PostgreSQL, REAL on SQLite.

    A REAL returns the 15 digits it was given, so a value read back equals the value rounded to them. Both
    databases round, so that a result is the same whichever one holds it.
    """

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric())
        return dialect.type_descriptor(sa.REAL())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        rounded = round_money(value)
        return rounded if dialect.name == "postgresql" else float(rounded)

    def process_result_value(self, value: Any, _: Dialect) -> Decimal | None:
        return Decimal(repr(value)) if isinstance(value, float) else value


class FloatColumn(sa.types.TypeDecorator[float]):
    """A float; numeric on PostgreSQL, where ROUND takes digits of nothing else, REAL on SQLite.

    A numeric holds the shortest decimal that names the float, so the same float comes back.
    """

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric())
        return dialect.type_descriptor(sa.REAL())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name != "postgresql" else Decimal(repr(value))

    def process_result_value(self, value: Any, _: Dialect) -> float | None:
        return None if value is None else float(value)


def price_column(kind: TokenKind) -> str:
    """What the rate of a kind of token is called in the history of prices."""
    return f"{kind.name}_price_per_m"


def round_money(value: Decimal) -> Decimal:
    """To the 15 significant digits that are stored."""
    return _MONEY.plus(value)


class Gaps(sa.types.TypeDecorator[tuple[float, ...]]):
    """Durations in seconds, packed: a letter, then little-endian numbers without padding.

    `I` 32-bit and `Q` 64-bit unsigned nanoseconds; `d` doubles of seconds, where a duration is not a whole
    number of nanoseconds. No bytes: no durations.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: tuple[float, ...] | None, _: Dialect) -> bytes:
        return pack_gaps(value or ())

    def process_result_value(self, value: bytes | None, _: Dialect) -> tuple[float, ...]:
        return unpack_gaps(value or b"")


def pack_gaps(seconds: Sequence[float]) -> bytes:
    """See `Gaps`."""
    if not seconds:
        return b""
    whole = [round(value * NS_PER_SECOND) for value in seconds]
    if min(whole) < 0 or any(a / NS_PER_SECOND != b for a, b in zip(whole, seconds, strict=True)):
        return b"d" + _little_endian(array("d", seconds))
    code = "I" if max(whole) < 2**32 else "Q"
    return code.encode() + _little_endian(array(code, whole))


def unpack_gaps(packed: bytes) -> tuple[float, ...]:
    """The durations in seconds that were packed."""
    if not packed:
        return ()
    code = chr(packed[0])
    values: array[Any] = array(code)
    values.frombytes(packed[1:])
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values) if code == "d" else tuple(value / NS_PER_SECOND for value in values)


def _little_endian(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()
