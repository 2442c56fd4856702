"""docs/schema.md: the tables for people who write SQL, made from the schema itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from probe.store.schema import metadata

_POSTGRESQL: sa.Dialect = PGDialect()  # type: ignore[no-untyped-call]
_SQLITE: sa.Dialect = SQLiteDialect()
_INTERFACE = ("providers", "models", "prices", "runs", "benchmark_results")

_HEAD = """\
# The tables

SQLite and PostgreSQL hold the same tables. Queries to start from are in [sql/postgresql](sql/postgresql) and
[sql/sqlite](sql/sqlite). The columns of `providers`, `models`, `prices`, `runs` and `benchmark_results` are
an interface: they keep their names and meanings. Other tables are the program's own.

## Unknown is not zero

`cost_usd`, `input_tokens` and `output_tokens` are never null, so that sums need no care. Where they are
unknown they are 0, and a column beside them says so:

| unknown | says so |
|---|---|
| no price, so no cost | `cost_known` is false |
| nobody counted the tokens | `input_tokens_known`, `output_tokens_known` are false |
| nobody counted any of them | `tokens_source` is `unknown` |
| an estimate, not the provider's count | `tokens_source` is `estimate` |

A sum is right as it is, an average is not: `AVG(cost_usd) FILTER (WHERE cost_known)`,
`AVG(output_tokens) FILTER (WHERE output_tokens_known)`. Every other column is null where it is unknown or
does not apply: a phase that was never reached has no duration. Figures of failed attempts may be there as far
as they went, so latencies are averaged `WHERE success`; and cold and warm connections are two series: group
by `connection`, or ask for one.

## Types

| | PostgreSQL | SQLite |
|---|---|---|
| ids | `uuid` | text with dashes |
| dates, UTC | `timestamptz` | text `YYYY-MM-DD HH:MM:SS.ffffff`, as `datetime('now')` compares |
| money | `numeric`, 15 significant digits | `REAL` |
| latencies in ms, tokens per second | `numeric` | `REAL` |
| truth | `boolean` | 0, 1; `true` and `false` are understood |
"""


def schema_page() -> str:
    """The whole file."""
    tables = sorted(metadata.tables.values(), key=lambda table: _order(table.name))
    return "\n".join([_HEAD, *(_section(table) for table in tables)])


def _order(name: str) -> tuple[int, str]:
    return (_INTERFACE.index(name) if name in _INTERFACE else len(_INTERFACE), name)


def _section(table: sa.Table) -> str:
    lines = [
        f"## {table.name}",
        "",
        table.info["doc"],
        "",
        "| column | PostgreSQL | SQLite | |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        postgresql = column.type.compile(dialect=_POSTGRESQL).lower()
        sqlite = column.type.compile(dialect=_SQLITE).lower()
        lines.append(f"| `{column.name}` | {postgresql} | {sqlite} | {_notes(column)} |")
    several = [
        constraint
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint) and len(constraint.columns) > 1
    ]
    if several:
        lines += ["", f"Unique together: {'; '.join(_names(constraint.columns) for constraint in several)}."]
    indexes = sorted(_index(index) for index in table.indexes)
    if indexes:
        lines += ["", f"Indexes: {'; '.join(indexes)}."]
    return "\n".join([*lines, ""])


def _notes(column: sa.Column[Any]) -> str:
    notes = []
    if column.primary_key:
        notes.append("primary key")
    elif column.unique:
        notes.append("unique")
    notes += [
        f"-> `{key.target_fullname}`, on delete {(key.ondelete or 'refuse').lower()}"
        for key in column.foreign_keys
    ]
    if not column.nullable and not column.primary_key:
        notes.append("not null")
    return "; ".join([*notes, *([column.doc] if column.doc else [])])


def _index(index: sa.Index) -> str:
    where = index.dialect_options["sqlite"]["where"]
    names = _names(index.columns)
    return names if where is None else f"{names} where {where}"


def _names(columns: Iterable[sa.Column[Any]]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)
