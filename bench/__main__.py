"""`python -m bench [--baseline PATH] [part …]`: measures, prints the table, and keeps it in docs/benchmarks.

With another checkout as the baseline, each part is measured in both by turns, and printed with the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bench import accuracy, alarms, attempts, daemon, delivery, dialects, fleet, reading, store, sync
from bench.baseline import compare
from bench.figure import Figure, kept, page, report, write

PARTS = {
    "accuracy": accuracy.measure,
    "alarms": alarms.measure,
    "attempts": attempts.measure,
    "daemon": daemon.measure,
    "delivery": delivery.measure,
    "dialects": dialects.measure,
    "fleet": fleet.measure,
    "reading": reading.measure,
    "store": store.measure,
    "sync": sync.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--baseline", type=Path, help="another checkout with a .venv of its own")
    parser.add_argument("parts", nargs="*", metavar="part")
    arguments = parser.parse_args()
    wanted = arguments.parts or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"no part {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    cores = os.cpu_count() or 1
    figures: dict[str, list[Figure]] = {}
    for name in wanted:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        figures[name] = (
            compare(name, arguments.baseline) if arguments.baseline else asyncio.run(PARTS[name]())
        )
    print(page(report(figures, cores)))
    if arguments.baseline:
        return
    known = {**kept(), **figures}
    write(report({name: known[name] for name in PARTS if name in known}, cores))
    missed = [figure.name for each in figures.values() for figure in each if figure.verdict == "missed"]
    if missed:
        print(f"goals missed: {'; '.join(missed)}", file=sys.stderr)


if __name__ == "__main__":
    main()
