"""`python -m bench [part …]`: measures, prints the table, and keeps it where every part was measured."""

from __future__ import annotations

import asyncio
import os
import sys

from bench import accuracy, attempts, daemon, store
from bench.figure import report, table, write

PARTS = {
    "accuracy": accuracy.measure,
    "attempts": attempts.measure,
    "daemon": daemon.measure,
    "store": store.measure,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"no part {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    figures = []
    for name in wanted:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        figures += asyncio.run(PARTS[name]())
    found = report(figures, os.cpu_count() or 1)
    print(table(found))
    if set(wanted) == set(PARTS):
        write(found)
    if any(figure.verdict == "missed" for figure in figures):
        print("a goal was missed", file=sys.stderr)


if __name__ == "__main__":
    main()
