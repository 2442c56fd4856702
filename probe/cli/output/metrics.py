"""Native metrics as `probe metrics` prints them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from probe.analysis import Distribution, Spread, distribution_of, spread
from probe.cli.actions.metrics import FIGURES, Figure, Unit, by_target, record, values_of
from probe.cli.output.format import UNKNOWN, duration, instant, speed
from probe.cli.output.results import label
from probe.cli.output.table import Cell, Column, print_line, print_note, print_table
from probe.facts.sample import Sample
from probe.reports.format import count

_NOTHING: Final = "no result has metrics of the server"
_PERCENTILES: Final = (50, 90, 95, 99)


def print_metrics(samples: Sequence[Sample]) -> None:
    """One result a line. Durations have units; `prompt` and `eval` are tokens, time and tokens per second."""
    if not samples:
        print_note(_NOTHING)
        return
    heads = [Column(_head(figure), "right") for figure in FIGURES]
    rows: list[list[Cell | str]] = []
    for sample in samples:
        reported = sample.reported
        assert reported is not None
        told = [_shown(figure.unit, figure.read(reported)) for figure in FIGURES]
        rows.append([instant(sample.started_at), label(sample), reported.source, *told])
    print_table([Column("when (UTC)"), Column("target"), Column("source"), *heads], rows, lead=3)


def print_export(samples: Sequence[Sample], engines: dict[str, str], form: str) -> None:
    """A JSON array, or CSV with a head; unknown is null, or empty."""
    records = [record(sample, engines) for sample in samples]
    if form == "json":
        print_line(json.dumps(records, indent=2, ensure_ascii=False))
        return
    names = ["id", "started_at", "target", "provider", "engine", "model", "connection", "source"]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*names, *(figure.name for figure in FIGURES)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    print_line(out.getvalue().rstrip("\n"))


def print_analysis(samples: Sequence[Sample], *, percentiles: bool, variance: bool) -> None:
    """A line for each figure of each target. A percentile over too few values is marked as a guess."""
    if not samples:
        print_note(_NOTHING)
        return
    heads = ["n", "mean", "min", "max"]
    heads += [f"p{q}" for q in _PERCENTILES] if percentiles else []
    heads += ["variance", "std dev", "variation"] if variance else []
    rows: list[list[Cell | str]] = []
    guessed = False
    for target, reports in by_target(samples).items():
        for figure in FIGURES:
            values = values_of(figure, reports)
            about, wide = distribution_of(values), spread(values)
            if about is None or wide is None:
                continue
            row: list[Cell | str] = [target, _head(figure), *_plain_cells(figure, about)]
            row += _percentile_cells(figure, about) if percentiles else []
            row += _spread_cells(figure, wide) if variance else []
            guessed = guessed or (percentiles and not about.reliable(max(_PERCENTILES)))
            rows.append(row)
    print_table([Column("target"), Column("figure"), *(Column(head, "right") for head in heads)], rows)
    if guessed:
        print_note("~ over too few values to be more than a guess")


def print_analysis_json(samples: Sequence[Sample], *, percentiles: bool, variance: bool) -> None:
    """By target (and connection) and figure; units are in the names, a variance is in their square."""
    document = {
        target: {
            figure.name: found
            for figure in FIGURES
            if (found := _analysis(values_of(figure, reports), percentiles, variance)) is not None
        }
        for target, reports in by_target(samples).items()
    }
    print_line(json.dumps(document, indent=2, ensure_ascii=False))


def _analysis(values: Sequence[float], percentiles: bool, variance: bool) -> dict[str, Any] | None:
    about, wide = distribution_of(values), spread(values)
    if about is None or wide is None:
        return None
    found: dict[str, Any] = {"n": about.n, "mean": about.mean, "min": about.minimum, "max": about.maximum}
    if percentiles:
        found |= {f"p{q}": getattr(about, f"p{q}") for q in _PERCENTILES}
        found["guesses"] = [f"p{q}" for q in _PERCENTILES if not about.reliable(q)]
    return found | (asdict(wide) if variance else {})


def _head(figure: Figure) -> str:
    return figure.title if figure.unit == "seconds" else f"{figure.title} {_SHORT[figure.unit]}"


_SHORT: Final[dict[Unit, str]] = {"seconds": "", "tokens": "tok", "tokens/s": "tok/s"}


def _shown(unit: Unit, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if unit == "seconds":
        return duration(value)
    return speed(value) if unit == "tokens/s" else count(round(value))


def _plain_cells(figure: Figure, about: Distribution) -> list[Cell | str]:
    shown = (
        _mean(figure, about.mean),
        _shown(figure.unit, about.minimum),
        _shown(figure.unit, about.maximum),
    )
    return [count(about.n), *shown]


def _mean(figure: Figure, value: float) -> str:
    """A mean of counts is no count."""
    return speed(value) if figure.unit == "tokens" else _shown(figure.unit, value)


def _percentile_cells(figure: Figure, about: Distribution) -> list[Cell | str]:
    return [("" if about.reliable(q) else "~") + _mean(figure, getattr(about, f"p{q}")) for q in _PERCENTILES]


def _spread_cells(figure: Figure, wide: Spread) -> list[Cell | str]:
    variation = UNKNOWN if wide.variation is None else f"{wide.variation * 100:.1f} %"
    return [_variance(figure, wide.variance), _mean(figure, wide.standard_deviation), variation]


def _variance(figure: Figure, value: float) -> str:
    """In the square of the unit: durations in ms²."""
    return f"{speed(value * 1e6)} ms²" if figure.unit == "seconds" else speed(value)
