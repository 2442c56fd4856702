"""One measured figure beside its goal."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from probe.clock import SystemClock

RESULTS = Path(__file__).parents[1] / "docs" / "benchmarks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` in `unit`; `goal` is the most it may be, None for a figure that is shown for comparison."""

    part: str
    name: str
    value: float
    unit: str
    goal: float | None = None
    n: int | None = None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "reached" if self.value <= self.goal else "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    date: str
    python: str
    kernel: str
    cores: int
    figures: tuple[Figure, ...]


def report(figures: Sequence[Figure], cores: int) -> Report:
    return Report(
        date=SystemClock().now().date().isoformat(),
        python=platform.python_version(),
        kernel=platform.release().split("-")[0],
        cores=cores,
        figures=tuple(figures),
    )


def digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.4f}"


def table(of: Report) -> str:
    """The report as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured on {of.date} by `make bench`: {of.cores} shared cores, Linux {of.kernel},",
        f"Python {of.python}.",
        "The simulator, the probe and the clients it is compared with share the machine and the run.",
        "",
        "| part | figure | measured | unit | goal | | n |",
        "|---|---|---:|---|---:|---|---:|",
    ]
    for figure in of.figures:
        goal = "" if figure.goal is None else f"≤ {digits(figure.goal)}"
        count = "" if figure.n is None else f"{figure.n:,}"
        lines.append(
            f"| {figure.part} | {figure.name} | {digits(figure.value)} | {figure.unit} | {goal} "
            f"| {figure.verdict} | {count} |"
        )
    return "\n".join(lines) + "\n"


def write(of: Report) -> None:
    """Keep the page and the figures as JSON."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "README.md").write_text(table(of))
    (RESULTS / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(of), indent=1) + b"\n")
