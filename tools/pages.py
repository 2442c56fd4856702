"""Pages of docs/ that are made of other files in it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path


def titles(folder: Path) -> str:
    """A link to each page of a folder of docs/, by its title."""
    pages = sorted(folder.glob("*.md"))
    return "".join(f"- [{_title(page)}]({folder.name}/{page.name})\n" for page in pages)


def _title(page: Path) -> str:
    first, _, _ = page.read_text().partition("\n")
    return first.removeprefix("# ")


def sql_page(folder: Path) -> str:
    """The queries for PostgreSQL, as they are tested, with a link to the same for SQLite."""
    parts = [
        "# Queries",
        "",
        "Made of the files beside it by `make generate`; [schema.md](../schema.md) describes the tables.",
        "These are for PostgreSQL; the file of each, and the same for SQLite, stands below it.",
        "",
    ]
    for file in sorted((folder / "postgresql").glob("*.sql")):
        name = file.name
        parts += [
            f"## {file.stem.replace('_', ' ').capitalize()}",
            "",
            f"```sql\n{file.read_text().strip()}\n```",
            "",
            f"[postgresql/{name}](postgresql/{name}) · [sqlite/{name}](sqlite/{name})",
            "",
        ]
    return "\n".join(parts)


def parameters(behaviour: type) -> str:
    """What its docstring says of each, but for the line that it begins with."""
    _, _, said = inspect.cleandoc(behaviour.__doc__ or "").partition("\n")
    return f"```text\n{said.strip()}\n```\n"


def faults(effects: Mapping[str, str]) -> str:
    rows = {**effects, "http_STATUS": "that status, 300 to 599, in the API's own words"}
    lines = (f"| `{name}` | {effect} |" for name, effect in rows.items())
    return "\n".join(("| fault | what happens |", "|---|---|", *lines)) + "\n"
