"""Appending rows to `benchmark_results`, numbered in the order in which they become visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy.dialects import postgresql, sqlite

from probe.store.engine import Database
from probe.store.numbers import COUNTERS, number
from probe.store.schema import benchmark_results as results

Row = dict[str, Any]


class Appender(Protocol):
    async def append(self, rows: Sequence[Row], /) -> None:
        """Store all or none; a row whose id is stored is passed over. Raises StoreError, StoreUnavailable."""
        ...


def appender(database: Database) -> Appender:
    return SqliteAppender(database) if database.url.dialect == "sqlite" else PostgresAppender(database)


class PostgresAppender:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = postgresql.insert(results).on_conflict_do_nothing(index_elements=[results.c.id])

    async def append(self, rows: Sequence[Row], /) -> None:
        async with self._database.write() as connection:
            await number(connection, "results", rows)
            await connection.execute(self._insert, rows)


class SqliteAppender:
    """The same with the driver's own calls: each is a trip to its thread, and SQLAlchemy makes three of one.

    The statement and the conversions of the values are SQLAlchemy's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.dialect
        statement = sqlite.insert(results).on_conflict_do_nothing(index_elements=[results.c.id])
        compiled = statement.compile(dialect=dialect, column_keys=[column.name for column in results.c])
        self._insert = str(compiled)
        assert compiled.positiontup is not None
        names = compiled.positiontup
        self._pick = itemgetter(*names)
        processors = (results.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
        self._converters: list[tuple[int, Callable[[Any], Any]]] = [
            (index, convert) for index, convert in enumerate(processors) if convert is not None
        ]

    async def append(self, rows: Sequence[Row], /) -> None:
        async with self._database.driver() as driver:
            try:
                await driver.execute_fetchall("BEGIN IMMEDIATE")
                ((last,),) = await driver.execute_fetchall(
                    "UPDATE counters SET value = value + ? WHERE name = ? RETURNING value",
                    (len(rows), COUNTERS["results"]),
                )
                first = last - len(rows) + 1
                values = [self._values(row, sequence) for sequence, row in enumerate(rows, start=first)]
                await driver.executemany(self._insert, values)
                await driver.commit()
            finally:
                if driver.in_transaction:
                    await driver.rollback()

    def _values(self, row: Row, sequence: int) -> list[Any]:
        row["sequence"] = sequence
        values = list(self._pick(row))
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return values
