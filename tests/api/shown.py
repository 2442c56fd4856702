"""The board as a value, out of few words."""

from __future__ import annotations

from typing import Any

from probe.api.board.figures import CellText
from probe.api.board.query import BoardQuery
from probe.api.board.view import BoardData, BoardView, board_view
from probe.reports import format as fmt
from probe.reports.leaderboard import Entry
from tests.api.demo import JOBS, NOW, a_status


def view(*entries: Entry, query: str = "", **changes: Any) -> BoardView:
    facts: dict[str, Any] = {
        "now": NOW,
        "entries": entries,
        "failures": (),
        "jobs": JOBS,
        "status": a_status(),
    }
    parameters = dict(pair.split("=") for pair in query.split("&") if pair)
    return board_view(BoardData(**{**facts, **changes}), BoardQuery.parse(parameters))


def plain(text: str) -> str:
    return text.replace(fmt.NBSP, " ")


def figures(shown: BoardView) -> dict[str, CellText]:
    """Of the one row that there is."""
    [row] = shown.rows
    return {cell.key: cell.figure for cell in row.cells}
