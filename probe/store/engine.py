"""One database: its engines, how connections are set up, reading and writing transactions."""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from probe.errors import StoreError, StoreUnavailable
from probe.store.faults import database_errors, tells_damage
from probe.store.postgres import postgres_engine
from probe.store.soundness import OpenFile, create_private
from probe.store.url import DatabaseUrl

# RETURNING.
_OLDEST_SQLITE = (3, 35)
_READERS = 3
_CRAMPED_BYTES = 16 * 1024 * 1024

# Set before the first table, and so before WAL, which writes the first page; without effect later.
_PRAGMAS = (
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    # A killed process loses nothing: what was committed is in the operating system's hands. A power cut may
    # take the last seconds, never the consistency.
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -4096",
    # Fewer, larger checkpoints: a page changed often is written once, and the disk is waited for less often.
    "wal_autocheckpoint = 4000",
    "journal_size_limit = 67108864",
)
_READER_PRAGMAS = ("query_only = ON", "temp_store = MEMORY", "cache_size = -4096")


class Database:
    """Two engines for SQLite, one connection that writes and a few that read; one pool for PostgreSQL.

    `patience_seconds` is how long to wait for a lock, for a connection and for a server that does not answer;
    `command_seconds` how long one statement may take on PostgreSQL.

    `file` is SQLite's, None for PostgreSQL: what is not found at its path, or is damaged, is not written to.

    `write_error` is why a write found the database unavailable: one line, until it is taken back.
    A transaction that goes through does not take it back, as it may have had nothing to write.
    """

    def __init__(
        self, url: DatabaseUrl, *, patience_seconds: float = 5.0, command_seconds: float | None = 60.0
    ) -> None:
        self.url = url
        self.write_error: str | None = None
        if url.dialect == "sqlite" and sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise StoreError(
                f"{url.who} needs SQLite {'.'.join(map(str, _OLDEST_SQLITE))} or newer; this Python has "
                f"{sqlite3.sqlite_version}: use a newer one, or PostgreSQL"
            )
        self.file = None if url.path is None else OpenFile(url.who, url.path)
        if self.file is not None:
            create_private(self.file.path)
            self._writer = _sqlite_engine(url, self.file, patience_seconds, writes=True)
            self._reader = _sqlite_engine(url, self.file, patience_seconds, writes=False)
        else:
            self._writer = postgres_engine(url, patience_seconds, command_seconds)
            self._reader = self._writer

    @property
    def dialect(self) -> sa.Dialect:
        return self._writer.dialect

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database. Raises StoreError, StoreUnavailable."""
        with self._watching(), database_errors(self.url.who):
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end. On SQLite it holds the write lock from its start.

        Raises StoreError, StoreUnavailable; nothing of it is stored then.
        """
        with self._noting(), database_errors(self.url.who):
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        """The driver's own connection for writing, outside of any transaction. Raises as `write`."""
        with self._noting(), database_errors(self.url.who):
            async with self._writer.connect() as connection:
                raw = await connection.get_raw_connection()
                yield raw.driver_connection

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            if self.file is not None:
                self.file.check()
            with self._watching():
                yield
        except StoreUnavailable as error:
            self.write_error = str(error)
            raise

    @contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable as error:
            met = getattr(error.__cause__, "orig", error.__cause__)
            if self.file is not None and tells_damage(met):
                self.file.stale = True
            raise

    async def refresh(self) -> None:
        """Open the file anew: connections that met damage remember its pages after it is repaired."""
        if self.file is not None and self.file.stale:
            self.file.stale = False
            await self._reader.dispose()
            await self._writer.dispose()

    def is_cramped(self) -> bool:
        """Whether so little room is left on the disk that a write of a page does not tell of one of many."""
        if self.url.path is None:
            return False
        try:
            room = os.statvfs(self.url.path.parent)
        except OSError:
            return False
        return room.f_bavail * room.f_frsize < _CRAMPED_BYTES

    async def aclose(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


def _sqlite_engine(url: DatabaseUrl, file: OpenFile, patience_seconds: float, *, writes: bool) -> AsyncEngine:
    assert url.path is not None
    # A file that is missing is not made: one that was deleted would come back empty.
    place = sa.URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(url.path.absolute()))}",
        query={"mode": "rw", "uri": "true"},
    )
    engine = create_async_engine(
        place,
        connect_args={"timeout": patience_seconds},
        hide_parameters=True,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        pool_timeout=max(30.0, 2 * patience_seconds),
        # Every transaction here is ended by its own block; a rollback at each return costs a trip to the
        # thread.
        pool_reset_on_return=None,
    )
    pragmas = _PRAGMAS if writes else _READER_PRAGMAS
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def connected(connection: Any, _: object) -> None:
        # The module's own BEGIN comes late, before the first INSERT: a read before it is outside the
        # transaction.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        file.opened()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    def closed(*_: object) -> None:
        file.closed()

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "close", closed)
    event.listen(engine.sync_engine, "begin", begun)
    return engine
