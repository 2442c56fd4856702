"""The page about the boards knows all of them, and shows them."""

from __future__ import annotations

import re
from pathlib import Path

from dashboards.registry import boards

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "boards.md").read_text()
MOST_BYTES = 250_000


def test_every_board_is_described_and_no_other() -> None:
    assert set(re.findall(r"`(inference-probe-[a-z-]+)` \|", PAGE)) == set(boards())


def test_every_board_has_its_picture() -> None:
    shown = set(re.findall(r"images/(grafana-[a-z-]+\.png)", PAGE))
    named = {f"grafana-{uid.removeprefix('inference-probe-')}.png" for uid in boards()}
    assert named <= shown
    assert shown == {file.name for file in (DOCS / "images").glob("grafana-*.png")}
    assert all((DOCS / "images" / name).stat().st_size < MOST_BYTES for name in shown)
