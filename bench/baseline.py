"""The same part of the bench measured here and in another checkout, by turns: what a change made of it."""

import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.figure import Figure

ROUNDS = 3
HERE = Path(__file__).parents[1]

_MEASURE = (
    "import asyncio, dataclasses, importlib, json, sys; "
    "part = importlib.import_module(f'bench.{sys.argv[1]}'); "
    "print(json.dumps([dataclasses.asdict(figure) for figure in asyncio.run(part.measure())]))"
)


def compare(part: str, baseline: Path) -> list[Figure]:
    """The median figures of this checkout, each followed by its ratio to that of `baseline`.

    What only one of them measures is left out. `baseline` has an environment of its own, in `.venv`.
    """
    rounds = [
        (_measure(part, HERE, Path(sys.executable)), _measure(part, baseline, baseline / ".venv/bin/python"))
        for _ in range(ROUNDS)
    ]
    figures: list[Figure] = []
    for name, figure in rounds[0][0].items():
        if name not in rounds[0][1]:
            continue
        here, there = ([each[side][name].value for each in rounds] for side in (0, 1))
        ratios = [ours / theirs for ours, theirs in zip(here, there, strict=True) if theirs]
        figures.append(dataclasses.replace(figure, value=statistics.median(here)))
        if ratios:
            ratio = Figure(
                part=figure.part,
                name=f"{figure.name}: ratio to the baseline",
                value=statistics.median(ratios),
                unit="times",
                n=len(ratios),
            )
            figures.append(ratio)
    return figures


def _measure(part: str, checkout: Path, python: Path) -> dict[tuple[str, str], Figure]:
    command: Sequence[str | Path] = (python, "-c", _MEASURE, part)
    run = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, check=True)
    figures = [Figure(**fields) for fields in json.loads(run.stdout.splitlines()[-1])]
    return {(figure.part, figure.name): figure for figure in figures}
