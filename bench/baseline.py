"""The same part of the bench measured here and in another checkout, by turns: what a change made of it.

Turns are short, as a machine's speed changes from minute to minute: each side is a process of its own that
measures a part once, whenever it is asked. What runs the program from outside, this side measures of both.
"""

import asyncio
import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import daemon
from bench.figure import Figure

ROUNDS = 9
HERE = Path(__file__).parents[1]

# Constants of the parts' modules that make a turn short.
_SHORT: Mapping[str, Mapping[str, Any]] = {
    "accuracy": {
        "STREAMS": (1, 100),
        "ROUNDS": {1: 10, 100: 2},
        "ROUNDS_OF_OTHERS": {1: 1, 100: 1},
    },
    "attempts": {"ROUNDS": 1},
    "reading": {"READS": 20},
    "store": {"RESULTS": 100_000, "BOARD_RESULTS": 100_000, "READS": 3},
}

# What a side runs: a line with a part's name and its constants is answered with a line of its figures.
_SIDE = """
import asyncio, dataclasses, importlib, json, sys
for line in sys.stdin:
    name, short = json.loads(line)
    part = importlib.import_module(f"bench.{name}")
    for constant, value in short.items():
        if isinstance(value, dict):
            value = {int(key): each for key, each in value.items()}
        setattr(part, constant, value)
    figures = asyncio.run(part.measure())
    print(json.dumps([dataclasses.asdict(figure) for figure in figures]), flush=True)
"""

_Found = dict[tuple[str, str], Figure]


def compare(part: str, baseline: Path) -> list[Figure]:
    """The median figures of this checkout, each followed by the median of its ratios to that of `baseline`.

    What only one of them measures is left out. `baseline` has an environment of its own, in `.venv`.
    """
    sides = (_Side(HERE, Path(sys.executable)), _Side(baseline, baseline.absolute() / ".venv/bin/python"))
    rounds: list[list[_Found]] = []
    try:
        for number in range(ROUNDS):
            found = [side.measure(part) for side in (sides if number % 2 else sides[::-1])]
            rounds.append(found if number % 2 else found[::-1])
            print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    finally:
        for side in sides:
            side.close()
    return [figure for key in rounds[0][0] if key in rounds[0][1] for figure in _compared(key, rounds)]


def _compared(key: tuple[str, str], rounds: list[list[_Found]]) -> list[Figure]:
    pairs = [(here[key], there[key]) for here, there in rounds if key in here and key in there]
    first = pairs[0][0]
    here = dataclasses.replace(first, value=statistics.median(ours.value for ours, _ in pairs))
    ratios = [ours.value / theirs.value for ours, theirs in pairs if theirs.value]
    if not ratios:
        return [here]
    name = f"{first.name}: ratio to the baseline"
    ratio = Figure(part=first.part, name=name, value=statistics.median(ratios), unit="times", n=len(ratios))
    return [here, ratio]


class _Side:
    """One checkout, measured whenever it is asked."""

    def __init__(self, checkout: Path, python: Path) -> None:
        self._command = python.with_name("probe")
        self._process = subprocess.Popen(
            (python, "-c", _SIDE), cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def measure(self, part: str) -> _Found:
        if part == "daemon":
            figures = asyncio.run(daemon.measure(self._command))
        else:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps((part, _SHORT.get(part, {}))) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError(f"{self._command}: its checkout cannot measure {part}")
            figures = [Figure(**fields) for fields in json.loads(answer)]
        return {(figure.part, figure.name): figure for figure in figures}

    def close(self) -> None:
        self._process.communicate()
