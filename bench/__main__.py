"""`python -m bench [part …]`: measures, prints the table, and keeps it in docs/benchmarks."""

from __future__ import annotations

import asyncio
import os
import sys

from bench import accuracy, alarms, attempts, daemon, delivery, fleet, reading, store, sync
from bench.figure import Figure, kept, page, report, write

PARTS = {
    "accuracy": accuracy.measure,
    "alarms": alarms.measure,
    "attempts": attempts.measure,
    "daemon": daemon.measure,
    "delivery": delivery.measure,
    "fleet": fleet.measure,
    "reading": reading.measure,
    "store": store.measure,
    "sync": sync.measure,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"no part {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    cores = os.cpu_count() or 1
    figures: dict[str, list[Figure]] = {}
    for name in wanted:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        figures[name] = asyncio.run(PARTS[name]())
    print(page(report(figures, cores)))
    known = {**kept(), **figures}
    write(report({name: known[name] for name in PARTS if name in known}, cores))
    missed = [figure.name for each in figures.values() for figure in each if figure.verdict == "missed"]
    if missed:
        print(f"goals missed: {'; '.join(missed)}", file=sys.stderr)


if __name__ == "__main__":
    main()
