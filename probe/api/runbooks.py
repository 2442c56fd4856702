"""The runbooks of the alerts: Markdown files of docs/runbooks, which the wheel holds a copy of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_IN_WHEEL: Final = Path(__file__).with_name("runbook_files")
_IN_SOURCE: Final = Path(__file__).parents[2] / "docs" / "runbooks"


@cache
def runbooks() -> dict[str, Path]:
    """The files by the name of the alert."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_SOURCE
    return {file.stem: file for file in sorted(folder.glob("*.md"))}


def index() -> str:
    """All of them as Markdown, each with its first words: how grave it is, and of what there is one."""
    entries = (f"- [{name}](/runbooks/{name}): {_lead(file)}" for name, file in runbooks().items())
    return "\n".join(("# Runbooks", "", *entries))


def _lead(file: Path) -> str:
    _, lead, *_ = file.read_text(encoding="utf-8").split("\n\n", 2)
    return " ".join(lead.split())
