"""Bringing a database to the schema of this program.

Alembic costs 12 MB and a third of a second to import, so it is used only if there is something to
migrate: the version table is read with plain SQL first.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.errors import StoreError, StoreUnavailable
from probe.store.engine import Database
from probe.store.faults import REPAIR
from probe.store.schema import HEAD, REVISIONS, metadata
from probe.store.soundness import check_place
from probe.store.url import DatabaseUrl, parse_url

# Any constant does, as long as every daemon asks for the same lock.
_MIGRATION_LOCK = 0x696E66657265


async def upgrade(url: str) -> bool:
    """Create or upgrade the tables of a database; True if something was done. Raises StoreError."""
    return await upgrade_database(parse_url(url))


async def upgrade_database(url: DatabaseUrl) -> bool:
    """Create or upgrade the tables; True if something was done.

    Several programs may do so at once: one of them migrates, the others wait for it. Raises StoreError if
    the database was made by a newer program or holds somebody else's tables.
    """
    if url.path is not None:
        make_folder(url.who, url.path.parent)
        check_place(url.who, url.path)
    database = Database(url, command_seconds=None)
    try:
        async with database.read() as connection:
            revision = await read_revision(connection)
            if revision == HEAD:
                return False
            if revision is None and url.path is not None:
                await _refuse_foreign(url.who, connection)
        async with database.write() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            revision = await read_revision(connection)
            if revision == HEAD:
                return False
            if revision is not None:
                check_revision(url.who, revision, upgradable=True)
            await connection.run_sync(_upgrade)
            return True
    finally:
        await database.aclose()


async def _refuse_foreign(who: str, connection: AsyncConnection) -> None:
    """A file is one program's; a PostgreSQL database may be shared."""
    found = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    if found:
        raise StoreError(
            f"{who} holds tables of another program, or lost its version: {', '.join(found[:3])}; "
            f"use another file, or {REPAIR}"
        )


async def check_tables(who: str, connection: AsyncConnection) -> None:
    """Raises StoreUnavailable where one is missing that a database of this revision has."""
    found = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    missing = sorted(metadata.tables.keys() - set(found))
    if missing:
        raise StoreUnavailable(f"{who} lacks the table {missing[0]}; {REPAIR}")


async def read_revision(connection: AsyncConnection) -> str | None:
    """The revision of the schema; None if there is none yet."""
    if not await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version")):
        return None
    found: str | None = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def check_revision(who: str, revision: str | None, *, upgradable: bool = False) -> None:
    """Raises StoreError, saying what to do, where this program cannot use `who` at that revision.

    With `upgradable` an older one will do.
    """
    if revision is None:
        raise StoreError(f"{who} has no tables yet; create them with `probe db upgrade`")
    if revision not in REVISIONS:
        raise StoreError(
            f"{who} was made by a newer version of this program (schema {revision}, "
            f"this one knows up to {HEAD}); install that version, or use another database"
        )
    if revision != HEAD and not upgradable:
        raise StoreError(f"{who} is at schema {revision}, this program needs {HEAD}; run `probe db upgrade`")


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def make_folder(who: str, folder: Path) -> None:
    """Raises StoreError if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{who} needs the folder {folder}: {error.strerror or error}") from error
