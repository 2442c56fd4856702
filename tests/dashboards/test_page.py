"""The page about the boards knows all of them, and shows them."""

from __future__ import annotations

import re
from pathlib import Path

from grafana_foundation_sdk.models.dashboard import VariableHide

from dashboards.registry import boards

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "boards.md").read_text()
MOST_BYTES = 250_000


def test_every_board_is_described_and_no_other() -> None:
    assert set(re.findall(r"`(inference-probe-[a-z-]+)` \|", PAGE)) == set(boards())


def test_every_choice_at_the_top_of_a_board_is_described() -> None:
    rows = re.findall(r"^\| ([A-Z][\w ,]*) \| ", PAGE, flags=re.MULTILINE)
    described = {name for row in rows for name in row.split(", ")}
    for board in boards().values():
        variables = [variable.build() for variable in board.variables]
        shown = {each.label for each in variables if each.hide is not VariableHide.HIDE_VARIABLE}
        assert shown <= described, board.uid


def test_every_board_has_its_picture() -> None:
    shown = set(re.findall(r"images/(grafana-[a-z-]+\.png)", PAGE))
    named = {f"grafana-{uid.removeprefix('inference-probe-')}.png" for uid in boards()}
    assert named <= shown
    assert shown == {file.name for file in (DOCS / "images").glob("grafana-*.png")}
    assert all((DOCS / "images" / name).stat().st_size < MOST_BYTES for name in shown)
