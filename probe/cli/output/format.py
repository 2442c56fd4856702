"""Figures and outcomes as commands print them; the digits are those of the board."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from probe.cli.output.table import Cell, printable
from probe.facts.sample import Cost, Failed, Outcome, Usage
from probe.reports import format as board

UNKNOWN: Final = board.UNKNOWN
_BARS: Final = "▁▂▃▄▅▆▇█"


def duration(seconds: float | None) -> str:
    """`4.21 ms`, `1,842 ms`, `12.3 s`."""
    return board.duration(seconds).replace(board.NBSP, " ")


def speed(tps: float | None) -> str:
    """Tokens per second; the unit stands in the head of the column."""
    return board.tokens_per_second(tps)


def usd(amount: Decimal | None) -> str:
    return board.usd(amount)


def cost(of: Cost | None) -> str:
    return board.usd(None if of is None else of.total_usd)


def tokens(usage: Usage) -> str:
    """`512 + 160`, with `~` where the counts are estimates; unknown where nobody counted."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return UNKNOWN
    about = "~" if usage.source == "estimate" else ""
    return f"{about}{board.count(usage.input_tokens)} + {board.count(usage.output_tokens)}"


def instant(when: datetime | None) -> str:
    """`2026-11-21 03:12:07` in UTC; the head of the column says so."""
    return board.instant(when).removesuffix(" UTC")


def outcome(of: Outcome) -> Cell:
    """`ok`, or the kind of failure."""
    return Cell(of.kind, "red") if isinstance(of, Failed) else Cell("ok", "green")


def reason(of: Outcome) -> str:
    """`ok`, or the kind of failure, whose it is and its message, on one line."""
    if isinstance(of, Failed):
        return f"{of.kind} ({of.fault}): {' '.join(printable(of.detail).split())}"
    return "ok"


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """The values in their order, the largest of each stretch where there are more than `width`."""
    if not values:
        return ""
    shown = [max(stretch) for stretch in _stretches(values, min(width, len(values)))]
    top = max(shown)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1)) if top > 0 else 0] for value in shown)


def _stretches(values: Sequence[float], count: int) -> list[Sequence[float]]:
    ends = [round((index + 1) * len(values) / count) for index in range(count)]
    starts = [0, *ends[:-1]]
    return [values[start:end] for start, end in zip(starts, ends, strict=True)]
