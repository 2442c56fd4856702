"""SQL as a person types it, beside the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from probe.store.url import parse_url


async def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements and commit them; the rows of the last one."""
    path = parse_url(url).path
    if path is not None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            return rows
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            records = await connection.fetch(statement)
        return [tuple(record) for record in records]
    finally:
        await connection.close()


async def lapse(url: str, name: str) -> None:
    """The leases of programs of that name run out, as if their renewal had failed for long."""
    await execute(
        url, f"UPDATE leases SET expires_at = '2000-01-01 00:00:00.000000' WHERE owner LIKE '{name}/%'"
    )
