"""Results: stored once each, listed by filter, read by id, followed by sequence, streamed for a warm start.

Samples that wait at the same time are committed together: while one transaction is on its way, further rows
gather, and the next one takes them all. So a burst costs one commit, and a single row waits for nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample, Target
from probe.store import paging
from probe.store.delivery import COUNTERS, assign_sequences, last_sequence
from probe.store.engine import Database
from probe.store.faults import translate
from probe.store.paging import PAGE_ROWS
from probe.store.records import ListPage, ResultFilter, StoredSample
from probe.store.registry import Registry
from probe.store.rows import LIGHT_COLUMNS, SAMPLE_COLUMNS, row_from_sample, sample_from_row
from probe.store.schema import benchmark_results as results

_LARGEST_BATCH = 256
_STREAM_ROWS = 500


class _Waiting(NamedTuple):
    sample: Sample
    done: asyncio.Future[None]


class ResultStore:
    def __init__(self, database: Database, registry: Registry, *, keep_responses: bool) -> None:
        self._database = database
        self._appender = _appender(database)
        self._registry = registry
        self._keep_responses = keep_responses
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def add(self, sample: Sample) -> None:
        """Returns once the sample is committed; a sample stored before is left as it is.

        Raises StoreUnavailable if it may be tried again, StoreError if this row will never be accepted.
        A cancelled caller does not take its row back: it may be stored all the same.
        """
        if self._closed:
            raise StoreUnavailable(f"{self._database.url.who} was closed by this program")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(sample, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_waiting(), name="store writer")
        await done

    async def aclose(self) -> None:
        """Wait for what is on its way; nothing is taken from here on."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])

    async def get(self, result_id: UUID) -> Sample | None:
        async with self._database.read() as connection:
            rows = await connection.execute(sa.select(*SAMPLE_COLUMNS).where(results.c.id == result_id))
            row = rows.one_or_none()
            return None if row is None else sample_from_row(row, {})

    async def page(
        self, chosen: ResultFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> ListPage[Sample]:
        """Newest first; `after` is `next` of the page before. Raises ValueError if it is not."""
        statement = (
            sa.select(results.c.created_at, results.c.sequence, *SAMPLE_COLUMNS)
            .where(*_conditions(chosen or ResultFilter()))
            .order_by(results.c.created_at.desc(), results.c.sequence.desc())
            .limit(limit + 1)
        )
        if after is not None:
            place = paging.decode_cursor(after, paging.sequence)
            statement = statement.where(paging.before(place, results.c.created_at, results.c.sequence))
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        targets: dict[Target, Target] = {}
        items = tuple(sample_from_row(row[2:], targets) for row in rows[:limit])
        last = paging.encode_cursor(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
        return ListPage(items=items, next=last)

    async def after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredSample, ...]:
        """In the order of storing. A reader that has seen a sequence never misses one below it."""
        statement = (
            sa.select(results.c.sequence, *SAMPLE_COLUMNS)
            .where(results.c.sequence > sequence)
            .order_by(results.c.sequence)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        targets: dict[Target, Target] = {}
        return tuple(StoredSample(row[0], sample_from_row(row[1:], targets)) for row in rows)

    async def last_sequence(self) -> int:
        """The last number given out; 0 if none was."""
        return await last_sequence(self._database, "results")

    async def since(self, since: datetime) -> AsyncIterator[Sequence[Sample]]:
        """Oldest first, a few hundred at a time; texts are None and chunk gaps empty."""
        targets: dict[Target, Target] = {}
        place: tuple[datetime, int] = (since, 0)
        while True:
            statement = (
                sa.select(results.c.created_at, results.c.sequence, *LIGHT_COLUMNS)
                .where(paging.after(place, results.c.created_at, results.c.sequence))
                .order_by(results.c.created_at, results.c.sequence)
                .limit(_STREAM_ROWS)
            )
            async with self._database.read() as connection:
                rows = (await connection.execute(statement)).all()
            if rows:
                yield [sample_from_row(row[2:], targets) for row in rows]
            if len(rows) < _STREAM_ROWS:
                return
            place = rows[-1][0], rows[-1][1]

    # Writing ----------------------------------------------------------------------------------------------

    async def _write_waiting(self) -> None:
        """Whatever goes wrong, nobody waits for ever."""
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch = self._waiting[:_LARGEST_BATCH]
                del self._waiting[:_LARGEST_BATCH]
                try:
                    await self._write(batch)
                except Exception as error:  # noqa: BLE001  a defect is for those who wait to report
                    for entry in batch:
                        _settle(entry, error)
        except asyncio.CancelledError:
            for entry in [*batch, *self._waiting]:
                entry.done.cancel()
            self._waiting.clear()
            raise

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        error = await self._try([entry.sample for entry in batch])
        if error is not None and not isinstance(error, StoreUnavailable):
            # A row, or an id remembered of a provider that is gone: each on its own, so that only what is
            # refused again fails.
            self._registry.forget()
            for entry in batch:
                _settle(entry, await self._try([entry.sample]))
            return
        for entry in batch:
            _settle(entry, error)

    async def _try(self, samples: Sequence[Sample]) -> StoreError | None:
        """Store all of them in one transaction; the error where none is stored."""
        try:
            await self._registry.ensure(sample.target for sample in samples)
            rows = []
            for sample in samples:
                ids = self._registry.known(sample.target)
                assert ids is not None
                rows.append(
                    row_from_sample(
                        sample,
                        provider_id=ids.provider,
                        model_id=ids.model,
                        keep_responses=self._keep_responses,
                    )
                )
            await self._appender.append(rows)
        except StoreError as error:
            return error
        except (ValueError, TypeError, OverflowError) as error:
            # A value that no column takes; the driver says so before anything is sent.
            return translate(self._database.url.who, error)
        return None


def _settle(entry: _Waiting, error: Exception | None) -> None:
    if entry.done.done():
        return
    if error is None:
        entry.done.set_result(None)
    else:
        entry.done.set_exception(error)


def _conditions(chosen: ResultFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[Any] = [*paging.chosen_by(chosen, results.c, results.c.created_at)]
    if chosen.success:
        conditions.append(results.c.success)
    elif (chosen.success, chosen.failure_kind, chosen.fault) != (None, None, None):
        # In the words of the partial index, or it is not used.
        conditions.append(sa.text("NOT success"))
    if chosen.reported is not None:
        column = results.c.reported_source
        conditions.append(column.is_not(None) if chosen.reported else column.is_(None))
    return conditions


# Appending rows, numbered in the order in which they become visible -----------------------------------------


class _Appender(Protocol):
    async def append(self, rows: Sequence[dict[str, Any]], /) -> None:
        """Store all or none; a row whose id is stored is passed over. Raises StoreError, StoreUnavailable."""
        ...


def _appender(database: Database) -> _Appender:
    return _SqliteAppender(database) if database.url.dialect == "sqlite" else _PostgresAppender(database)


class _PostgresAppender:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = postgresql.insert(results).on_conflict_do_nothing(index_elements=[results.c.id])

    async def append(self, rows: Sequence[dict[str, Any]], /) -> None:
        async with self._database.write() as connection:
            await assign_sequences(connection, "results", rows)
            await connection.execute(self._insert, rows)


class _SqliteAppender:
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

    async def append(self, rows: Sequence[dict[str, Any]], /) -> None:
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

    def _values(self, row: dict[str, Any], sequence: int) -> list[Any]:
        row["sequence"] = sequence
        values = list(self._pick(row))
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return values
