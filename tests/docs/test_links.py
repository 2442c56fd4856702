"""Every link inside the repository leads somewhere, and the map of docs/ shows all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, links, name_of


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or ROOT not in target.parents:
        return True
    return bool(anchor) and anchor not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    inside = [link for link in links(page) if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in inside if leads_nowhere(page, link)] == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = ROOT / "README.md"
    assert leads_nowhere(page, "docs/nothing.md")
    assert leads_nowhere(page, "#no-such-heading")
    assert leads_nowhere(page, "../elsewhere")
    assert not leads_nowhere(page, "docs/deploy.md#kubernetes")


def test_the_map_shows_every_page() -> None:
    shown = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    assert [name_of(page) for page in PAGES if page != DOCS / "README.md" and page not in shown] == []


def test_every_room_has_one_row_in_the_table_of_homes() -> None:
    rows = re.findall(r"^\| `(\w+(?:/\w+)?)/` \|", (ROOT / "AGENTS.md").read_text(), re.MULTILINE)
    rooms = {f"probe/{init.parent.name}" for init in (ROOT / "probe").glob("*/__init__.py")}
    assert sorted(rows) == sorted({*rooms, "dashboards", "deploy", "exporters"})


def test_the_readme_is_short_and_begins_with_what_it_is() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.encode()) <= 16 * 1024
    assert text.startswith("# Inference Probe\n\nA mystery shopper for LLM inference: ")
