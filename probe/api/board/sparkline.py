"""The geometry of a sparkline: a line of medians hour by hour, a tick under each hour with failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

WIDTH = 132
HEIGHT = 32
_MARGIN = 4
_TOP = 3.0
# The line stays above the ticks.
_BASE = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """Coordinates in a box of `WIDTH` by `HEIGHT`, written as SVG wants them.

    `lines` are unbroken runs of two hours and more, `areas` what lies under them, `dots` are hours that stand
    alone, `last` is the latest hour that is known. `ticks` are the x of hours with failures.
    """

    lines: tuple[str, ...]
    areas: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]
    last: tuple[str, str] | None
    ticks: tuple[str, ...]


def sparkline(medians: Sequence[float | None], failures: Sequence[int]) -> Sparkline:
    """The scale begins at zero, so that a wobble looks like one. Both sequences are equally long."""
    places = _places(len(medians))
    top = max((value for value in medians if value is not None), default=0.0) or 1.0
    runs: list[list[tuple[str, str]]] = [[]]
    for x, value in zip(places, medians, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, f"{_BASE - (_BASE - _TOP) * value / top:.1f}"))
    runs = [run for run in runs if run]
    drawn = [run for run in runs if len(run) > 1]
    lines = tuple(" ".join(f"{x},{y}" for x, y in run) for run in drawn)
    return Sparkline(
        lines=lines,
        areas=tuple(
            f"{run[0][0]},{_BASE:g} {line} {run[-1][0]},{_BASE:g}"
            for run, line in zip(drawn, lines, strict=True)
        ),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        last=runs[-1][-1] if runs else None,
        ticks=tuple(x for x, count in zip(places, failures, strict=True) if count),
    )


@lru_cache(maxsize=8)
def _places(count: int) -> tuple[str, ...]:
    """The x of each of so many hours."""
    step = (WIDTH - 2 * _MARGIN) / max(1, count - 1)
    return tuple(f"{_MARGIN + index * step:.1f}" for index in range(count))
