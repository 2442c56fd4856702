"""Backup and restore: a file that holds a whole database, checked before it is trusted."""

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import sqlalchemy as sa

from probe.errors import StoreError
from probe.store import backup_postgres
from probe.store.engine import Database
from probe.store.faults import database_errors, tells_damage
from probe.store.migrate import check_revision, make_folder
from probe.store.schema import metadata
from probe.store.soundness import check_place, create_private
from probe.store.url import DatabaseUrl, parse_url

_BUSY_SECONDS = 30.0


async def write_backup(url: str, file: Path) -> None:
    """Write a consistent copy of a database, also one in use: an SQLite file, or pg_dump's custom format.

    The file appears once it is whole. Raises StoreError if it exists already, and what reading raises.
    """
    source = parse_url(url)
    _make_room(file)
    partial = file.with_name(file.name + ".partial")
    try:
        if source.path is not None:
            await asyncio.to_thread(_copy_out, source.path, partial, f"the backup {file} of {source.shown}")
        else:
            create_private(partial)
            await backup_postgres.dump(source, partial)
        await asyncio.to_thread(_settle, partial, file)
    finally:
        partial.unlink(missing_ok=True)


async def restore_backup(url: str, file: Path, *, force: bool = False) -> None:
    """Make a database what it was when the file was written; afterwards it may want an upgrade.

    Raises StoreError if the file is damaged, was made by a newer program or is no backup; and, unless told
    to `force`, where the database holds anything. All of it is restored, or nothing.
    """
    target = parse_url(url)
    if target.path is not None:
        await asyncio.to_thread(_check_file, file)
        make_folder(target.who, target.path.parent)
        check_place(target.who, target.path)
        if not await asyncio.to_thread(_put_damaged_aside, target.path):
            await _refuse_full(target, force)
        await asyncio.to_thread(_copy_in, file, target.path, target.who)
    else:
        await backup_postgres.check_dump(file)
        await _refuse_full(target, force)
        await backup_postgres.restore_dump(target, file)


async def _refuse_full(target: DatabaseUrl, force: bool) -> None:
    if force:
        return
    database = Database(target)
    try:
        async with database.read() as connection:
            present = set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))
            for table in metadata.sorted_tables:
                if table.name in present and table.name != "counters":
                    some = await connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1))
                    if some is not None:
                        raise StoreError(
                            f"{target.who} is not empty; force the restore to replace what it holds"
                        )
    finally:
        await database.aclose()


def _put_damaged_aside(path: Path) -> bool:
    """Rename a file that SQLite cannot read, and its log: the backup gets its place. False if it can."""
    if not path.exists():
        return False
    try:
        with closing(_open(path)) as connection:
            ((verdict,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        if not tells_damage(error):
            return False
        verdict = "damaged"
    if verdict == "ok":
        return False
    aside = f"{path.name}.damaged-{path.stat().st_mtime_ns}"
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(path.with_name(aside + ending))
    return True


def _make_room(file: Path) -> None:
    if file.exists():
        raise StoreError(f"{file} exists already; a backup never overwrites a file")
    make_folder(f"the backup {file}", file.parent)


def _copy_out(source: Path, partial: Path, who: str) -> None:
    partial.unlink(missing_ok=True)
    create_private(partial)
    with database_errors(who), closing(_open(source)) as reader, closing(sqlite3.connect(partial)) as writer:
        reader.backup(writer)
        # One file that stands alone, without a log beside it.
        writer.execute("PRAGMA journal_mode = DELETE")


def _copy_in(file: Path, target: Path, who: str) -> None:
    create_private(target)
    with (
        database_errors(who),
        closing(_open(file)) as reader,
        closing(sqlite3.connect(target, timeout=_BUSY_SECONDS)) as writer,
    ):
        reader.backup(writer)


def _check_file(file: Path) -> None:
    who = f"the backup {file}"
    with database_errors(who), closing(_open(file)) as connection:
        ((verdict,), *_) = connection.execute("PRAGMA integrity_check(1)").fetchall()
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        found = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        ).fetchall()
        revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall() if found else []
    if verdict != "ok" or orphans:
        reason = " ".join(verdict.split()) if verdict != "ok" else "rows refer to rows that are missing"
        raise StoreError(f"{who} is damaged: {reason}")
    if not revisions:
        raise StoreError(f"{who} holds no database of this program")
    check_revision(who, revisions[0][0], upgradable=True)


def _open(path: Path) -> sqlite3.Connection:
    """An existing database; nothing is created."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS)


def _settle(partial: Path, file: Path) -> None:
    """On the disk, then in its place."""
    try:
        for path in (partial, partial.parent):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        partial.rename(file)
    except OSError as error:
        raise StoreError(f"the backup {file} cannot be written: {error.strerror or error}") from error
