"""The pages that people read, parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = (
    *(ROOT / name for name in ("README.md", "AGENTS.md", "CHANGELOG.md", "tests/wires/README.md")),
    *sorted(DOCS.rglob("*.md")),
)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[str]:
    """Where its links and pictures lead, as they are written."""
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def code(language: str) -> Iterator[tuple[Path, str]]:
    """Every block of this language on every page, with its page."""
    for page in PAGES:
        for token in _tokens(page):
            if token.type == "fence" and token.info == language:
                yield page, token.content


def anchors(page: Path) -> set[str]:
    """What may stand behind # for this page, as GitHub makes it of the headings."""
    tokens = _tokens(page)
    titles = [tokens[place + 1].content for place, each in enumerate(tokens) if each.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(page: Path) -> Iterator[str]:
    """Each line of its `sh` blocks, continued ones joined."""
    for token in _tokens(page):
        if token.type == "fence" and token.info == "sh":
            yield from filter(None, token.content.replace("\\\n", " ").splitlines())


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())
