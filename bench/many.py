"""Very many results in an SQLite database, made by SQLite itself: ten million in about two minutes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from tests.store.samples import fill_sqlite

_PATTERNS = 1000
# What may be unknown and is all the same known here; without the others a row is a third shorter.
_KNOWN = (
    "provider_id",
    "model_id",
    "total_latency_ms",
    "ttft_ms",
    "tps",
    "failure_kind",
    "fault",
    "error_message",
)
_CACHE_KB = 1_000_000


def fill(path: Path, count: int, *, targets: int, end: datetime, span: timedelta) -> None:
    """Put `count` results into an upgraded, empty database, evenly over `span` up to `end`.

    They repeat the figures of a thousand, a few each. Indexes are made at the end, so that their pages are
    fuller than those of a database that grew.
    """
    fill_sqlite(path, _PATTERNS, targets=targets, end=end, span=span)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            f"cache_size = -{_CACHE_KB}",
            "threads = 2",
        ):
            database.execute(f"PRAGMA {pragma}")
        indexes = database.execute(
            "SELECT name, sql FROM sqlite_master "
            "WHERE type = 'index' AND tbl_name = 'benchmark_results' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        _strip(database)
        _multiply(database, count, end, span)
        for _, sql in indexes:
            database.execute(sql)
        database.execute("UPDATE counters SET value = ? WHERE name = 'benchmark_results'", (count,))


def _strip(database: sqlite3.Connection) -> None:
    """Make short rows of the results that are there."""
    columns = database.execute("PRAGMA table_info(benchmark_results)").fetchall()
    unknown = [name for _, name, _, required, *_ in columns if not required and name not in _KNOWN]
    nothing = ", ".join(f"{name} = NULL" for name in unknown)
    database.execute(f"UPDATE benchmark_results SET {nothing}, chunk_gaps = x'', rate_limit = '{{}}'")


def _multiply(database: sqlite3.Connection, count: int, end: datetime, span: timedelta) -> None:
    columns = [row[1] for row in database.execute("PRAGMA table_info(benchmark_results)")]
    instant = "all_of_them.at"
    values = dict(zip(columns, columns, strict=True)) | {
        # As scattered as the ids are that the program makes.
        "id": "printf('%08x-0000-4000-8000-%012x', number * 2654435761 & 4294967295, number)",
        "sequence": "number",
        "created_at": instant,
        "started_at": instant,
        "planned_at": instant,
    }
    database.execute("CREATE TEMP TABLE pattern AS SELECT * FROM benchmark_results")
    database.execute("CREATE UNIQUE INDEX temp.pattern_number ON pattern (sequence)")
    database.execute("DELETE FROM benchmark_results")
    database.execute(
        f"""
        WITH RECURSIVE all_of_them (number, at) AS (
            SELECT 0, ''
            UNION ALL
            SELECT number + 1, strftime('%Y-%m-%d %H:%M:%f000', :first + (number + 1) * :step, 'unixepoch')
            FROM all_of_them WHERE number < :count
        )
        INSERT INTO benchmark_results ({", ".join(columns)})
        SELECT {", ".join(values[name] for name in columns)}
        FROM all_of_them CROSS JOIN pattern ON pattern.sequence = 1 + number % {_PATTERNS}
        WHERE number > 0
        """,
        {
            "first": (end - span).timestamp(),
            "step": span.total_seconds() / count,
            "count": count,
        },
    )
