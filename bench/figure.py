"""One measured figure beside its goal."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec

from probe.lib.clock import SystemClock

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
    """`figures` by part of the bench; what is compared with each other is of one part, and so of one run."""

    date: str
    python: str
    kernel: str
    cores: int
    figures: Mapping[str, Sequence[Figure]]


def report(figures: Mapping[str, Sequence[Figure]], cores: int) -> Report:
    return Report(
        date=SystemClock().now().date().isoformat(),
        python=platform.python_version(),
        kernel=platform.release().split("-")[0],
        cores=cores,
        figures=figures,
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
        f"Measured by `make bench` up to {of.date}: {of.cores} shared cores, Linux {of.kernel},",
        f"Python {of.python}.",
        "The simulator, the probe and the clients it is compared with share the machine and the run.",
        "",
        "| part | figure | measured | unit | goal | | n |",
        "|---|---|---:|---|---:|---|---:|",
    ]
    for figure in chain.from_iterable(of.figures.values()):
        goal = "" if figure.goal is None else f"≤ {digits(figure.goal)}"
        count = "" if figure.n is None else f"{figure.n:,}"
        lines.append(
            f"| {figure.part} | {figure.name} | {digits(figure.value)} | {figure.unit} | {goal} "
            f"| {figure.verdict} | {count} |"
        )
    return "\n".join(lines) + "\n"


def kept() -> Mapping[str, Sequence[Figure]]:
    """The figures that are kept, by part."""
    file = RESULTS / "results.json"
    return msgspec.json.decode(file.read_bytes(), type=Report).figures if file.exists() else {}


def write(of: Report) -> None:
    """Keep the page and the figures as JSON."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "README.md").write_text(table(of))
    (RESULTS / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(of), indent=1) + b"\n")
