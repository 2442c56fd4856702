"""Connections to PostgreSQL, which a pooler may stand before: PgBouncer and its kind.

Between two transactions a pooler may hand a connection to another server process: what was set or prepared
there is gone, or is somebody else's. So nothing of a session is relied on behind one: each statement is
prepared without a name within its transaction, and locks are those of a transaction.
"""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from probe.store.url import DatabaseUrl

_CONNECTIONS: Final = 6
_NAME: Final = {"application_name": "inference-probe"}
# What PgBouncer says of a setting that it neither knows nor is told to ignore.
_REFUSES_SETTINGS: Final = "startup parameter"


def postgres_engine(url: DatabaseUrl, patience_seconds: float, command_seconds: float | None) -> AsyncEngine:
    """Behind a pooler nothing but `command_seconds` limits how long a lock is waited for."""

    async def connect(**_: object) -> Any:
        return await _connect(url.text, patience_seconds, command_seconds)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=max(30.0, 2 * patience_seconds),
        pool_pre_ping=True,
    )
    event.listen(engine.sync_engine, "connect", _forget_statements_of_poolers)
    return engine


async def _connect(url: str, patience_seconds: float, command_seconds: float | None) -> Any:
    """A connection of asyncpg. Raises what asyncpg raises."""
    import asyncpg  # type: ignore[import-untyped]

    async def connected(settings: dict[str, str], **more: int) -> Any:
        # The driver reads the URL as libpq does: sslmode, several hosts, passfile.
        return await asyncpg.connect(
            url,
            timeout=patience_seconds,
            command_timeout=command_seconds,
            server_settings=_NAME | settings,
            **more,
        )

    try:
        connection = await connected({"lock_timeout": str(round(patience_seconds * 1000)), "jit": "off"})
    except asyncpg.ProtocolViolationError as error:
        if _REFUSES_SETTINGS not in str(error):
            raise
    else:
        if await _is_server(connection):
            return connection
        await connection.close()
    return await connected({}, statement_cache_size=0)


async def _is_server(connection: Any) -> bool:
    """Whether who answers is who was connected to: a pooler tells a process number of its own."""
    async with connection.transaction():
        asked = await connection.prepare("SELECT pg_backend_pid()", name="")
        return bool(await asked.fetchval() == connection.get_server_pid())


def _forget_statements_of_poolers(connection: Any, _: object) -> None:
    """SQLAlchemy's adapter keeps prepared statements, unless it is told not to, for all of an engine."""
    if not connection.driver_connection._stmt_cache_enabled:
        connection._prepared_statement_cache = None
