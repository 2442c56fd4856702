from __future__ import annotations

import re
from pathlib import Path

from probe.store.schema import metadata
from tools.schema_page import schema_page

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_page_in_the_documentation_is_fresh() -> None:
    assert PAGE.read_text() == schema_page(), "stale: run `make generate`"


def test_every_column_is_on_the_page() -> None:
    page = schema_page()
    for table in metadata.tables.values():
        section = page.partition(f"## {table.name}\n")[2].partition("\n## ")[0]
        assert all(f"| `{column.name}` |" in section for column in table.columns)


def test_every_row_has_the_cells_of_its_table() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", schema_page(), flags=re.MULTILINE)
    assert len(tables) > len(metadata.tables)
    for table in tables:
        assert len({row.count("|") for row in table.splitlines()}) == 1, table
    prose = re.sub(r"^\|.*\n", "", schema_page(), flags=re.MULTILINE)
    assert "|" not in prose
