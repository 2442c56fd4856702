from __future__ import annotations

from pathlib import Path

from probe.store.schema import metadata
from probe.store.schema_page import schema_page

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_page_in_the_documentation_is_fresh() -> None:
    assert PAGE.read_text() == schema_page(), "stale: run `make generate`"


def test_every_column_is_on_the_page() -> None:
    page = schema_page()
    for table in metadata.tables.values():
        section = page.partition(f"## {table.name}\n")[2].partition("\n## ")[0]
        assert all(f"| `{column.name}` |" in section for column in table.columns)
