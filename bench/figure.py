"""One measured figure beside its goal."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
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


def page(of: Report) -> str:
    """The report as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured by `make bench` up to {of.date}: {of.cores} shared cores, Linux {of.kernel},",
        f"Python {of.python}.",
        "The simulator, the probe and the clients it is compared with share the machine and the run.",
        "",
        "## Errors of reading the same streams",
        "",
        *_comparison(of.figures.get("accuracy", ())),
        "",
        "## All figures",
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


def _comparison(figures: Sequence[Figure]) -> Iterator[str]:
    """A row for each way of reading the same streams, a column for each number of streams."""
    columns = [f"{count} stream{'s' if count > 1 else ''}" for count in (1, 50, 100, 200)]
    yield f"| p99 error in ms | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * len(columns)}"
    for kind in ("TTFT error", "chunk-gap error"):
        for part in dict.fromkeys(figure.part for figure in figures):
            found = {figure.name: digits(figure.value) for figure in figures if figure.part == part}
            cells = [found.get(f"{kind} p99, {column}", "") for column in columns]
            if all(cells):
                yield f"| {kind}: {part} | {' | '.join(cells)} |"


def in_short(of: Report) -> str:
    """What README.md says of it: three errors, and those of the usual clients in the same run."""
    found = {(figure.part, figure.name): digits(figure.value) for figure in of.figures["accuracy"]}

    def line(what: str, name: str) -> str:
        ours, httpx, sdk = (found[part, name] for part in ("stopwatch, plain, cold", "httpx", "openai SDK"))
        return f"- {what}, 100 streams at once: **{ours} ms** (httpx {httpx}, openai SDK {sdk})\n"

    busy = found["stopwatch, the daemon works 20 of 100 ms", "TTFT error p99, 50 streams"]
    return (
        line("time to first token", "TTFT error p99, 100 streams")
        + line("gap between two chunks", "chunk-gap error p99, 100 streams")
        + f"- time to first token while the daemon is busy a fifth of the time, 50 streams: **{busy} ms**\n"
    )


def last() -> Report:
    """The report that is kept."""
    return msgspec.json.decode((RESULTS / "results.json").read_bytes(), type=Report)


def kept() -> Mapping[str, Sequence[Figure]]:
    """The figures that are kept, by part."""
    return last().figures if (RESULTS / "results.json").exists() else {}


def write(of: Report) -> None:
    """Keep the page and the figures as JSON."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "README.md").write_text(page(of))
    (RESULTS / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(of), indent=1) + b"\n")
