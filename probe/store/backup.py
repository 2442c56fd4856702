"""Backup and restore: a file that holds a whole database, checked before it is trusted."""

import asyncio
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from probe.errors import StoreError
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
    if source.path is not None and not source.path.exists():
        raise StoreError(f"there is no database {source.path} to back up")
    _make_room(file)
    partial = file.with_name(file.name + ".partial")
    try:
        if source.path is not None:
            await asyncio.to_thread(_copy_out, source.path, partial, f"the backup {file} of {source.shown}")
        else:
            create_private(partial)
            await _dump(source, partial)
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
        await _check_dump(file)
        await _refuse_full(target, force)
        await _restore_dump(target, file)


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


# PostgreSQL, by its own pg_dump and pg_restore ------------------------------------------------------------


async def _dump(source: DatabaseUrl, file: Path) -> None:
    """Write pg_dump's custom format. Raises StoreError with pg_dump's own last words."""
    with _without_password(source) as address:
        await _run(
            f"the backup of {source.shown}",
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--file={file}",
            f"--dbname={address}",
        )


async def _check_dump(file: Path) -> None:
    """Raises StoreError unless every block of the file can be read and it holds a database of this
    program."""
    who = f"the backup {file}"
    await _run(who, "pg_restore", f"--file={os.devnull}", str(file))
    script = await _run(who, "pg_restore", "--file=-", "--data-only", "--table=alembic_version", str(file))
    lines = script.splitlines()
    copies = [index for index, line in enumerate(lines) if line.startswith("COPY ")]
    if not copies:
        raise StoreError(f"{who} holds no database of this program")
    check_revision(who, lines[copies[0] + 1], upgradable=True)


async def _restore_dump(target: DatabaseUrl, file: Path) -> None:
    """Replace the tables of the backup, all in one transaction. Raises StoreError.

    Tables that are newer than the backup go afterwards: the upgrade that follows makes them again.
    """
    with _without_password(target) as address:
        await _run(
            f"the restore into {target.shown}",
            "pg_restore",
            "--clean",
            "--if-exists",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            f"--dbname={address}",
            str(file),
        )
    await _drop_newer(target, file)


async def _drop_newer(target: DatabaseUrl, file: Path) -> None:
    contents = await _run(f"the backup {file}", "pg_restore", "--list", str(file))
    restored = set(re.findall(r" TABLE \S+ (\S+) ", contents))
    newer = [table for table in metadata.sorted_tables if table.name not in restored]
    if not newer:
        return
    database = Database(target)
    try:
        async with database.write() as connection:
            for table in reversed(newer):
                await connection.execute(DropTable(table, if_exists=True))
    finally:
        await database.aclose()


async def _run(who: str, program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise StoreError(f"{who} needs {program}, which is not installed: apt-get install postgresql-client")
    process = await asyncio.create_subprocess_exec(
        path, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        words = [line for line in errors.decode(errors="replace").splitlines() if line.strip()]
        said = next((line for line in words if "error" in line), words[-1] if words else "no reason given")
        raise StoreError(f"{who} failed: {said.strip()}")
    return out.decode(errors="replace")


@contextmanager
def _without_password(url: DatabaseUrl) -> Iterator[str]:
    """The URL with the password moved to a file of libpq's: arguments are seen by every user of the
    machine."""
    parts = urlsplit(url.text)
    query = dict(parse_qsl(parts.query))
    password = unquote(parts.password) if parts.password is not None else query.pop("password", None)
    if password is None:
        yield url.text
        return
    user, _, host = parts.netloc.rpartition("@")
    with tempfile.TemporaryDirectory() as folder:
        passfile = Path(folder, "pgpass")
        passfile.touch(mode=0o600)
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        passfile.write_text(f"*:*:*:*:{escaped}\n")
        query["passfile"] = str(passfile)
        name = user.partition(":")[0]
        yield urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host, query=urlencode(query)))
