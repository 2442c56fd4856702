"""Backup and restore of PostgreSQL, by its own pg_dump and pg_restore."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from sqlalchemy.schema import DropTable

from probe.errors import StoreError
from probe.store.engine import Database
from probe.store.migrate import check_revision
from probe.store.schema import metadata
from probe.store.url import DatabaseUrl


async def dump(source: DatabaseUrl, file: Path) -> None:
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


async def check_dump(file: Path) -> None:
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


async def restore_dump(target: DatabaseUrl, file: Path) -> None:
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
