"""The geometry of a sparkline: a line of medians hour by hour, a tick under each hour with failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 132
HEIGHT = 32
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

    @property
    def empty(self) -> bool:
        return self.last is None and not self.ticks


def sparkline(medians: Sequence[float | None], failures: Sequence[int]) -> Sparkline:
    """The scale begins at zero, so that a wobble looks like one. Both sequences are equally long."""
    step = (WIDTH - 8) / max(1, len(medians) - 1)
    top = max((value for value in medians if value is not None), default=0.0)
    points = [
        None if value is None else (4 + index * step, _BASE - (_BASE - _TOP) * (value / top if top else 0))
        for index, value in enumerate(medians)
    ]
    runs = _runs(points)
    known = [point for point in points if point is not None]
    return Sparkline(
        lines=tuple(_path(run) for run in runs if len(run) > 1),
        areas=tuple(_area(run) for run in runs if len(run) > 1),
        dots=tuple(_pair(run[0]) for run in runs if len(run) == 1),
        last=_pair(known[-1]) if known else None,
        ticks=tuple(f"{4 + index * step:.1f}" for index, count in enumerate(failures) if count),
    )


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The points cut where one is missing."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _path(run: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in run)


def _area(run: Sequence[tuple[float, float]]) -> str:
    """The run, closed along the base."""
    return f"{run[0][0]:.1f},{_BASE:.1f} {_path(run)} {run[-1][0]:.1f},{_BASE:.1f}"


def _pair(point: tuple[float, float]) -> tuple[str, str]:
    return f"{point[0]:.1f}", f"{point[1]:.1f}"
