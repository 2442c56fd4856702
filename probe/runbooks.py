"""The runbooks of the alerts: Markdown files of docs/runbooks, which the wheel holds a copy of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_IN_WHEEL: Final = Path(__file__).with_name("runbook_files")
_IN_SOURCE: Final = Path(__file__).parents[1] / "docs" / "runbooks"


@cache
def runbooks() -> dict[str, Path]:
    """The files by the name of the alert."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_SOURCE
    return {file.stem: file for file in sorted(folder.glob("*.md"))}
