"""What remembering costs: one result, the last day among a million, the board over half a million."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.daemon import milliseconds, running
from bench.figure import Figure
from probe.facts.sample import Sample
from probe.lib.clock import SystemClock, cpu_ns, monotonic_ns
from probe.store.store import Store
from tests.store.samples import a_sample, fill_sqlite

RESULTS, BOARD_RESULTS, TARGETS = 1_000_000, 500_000, 200
# 200 targets every 15 minutes are 19,200 results a day.
A_DAY = 19_200
WRITES, AT_ONCE, READS = 1_000, 100, 10
QUERIES = ("", "?sort=ttft", "?sort=-tps", "")


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        return [
            *await _writing(Path(folder)),
            *await _last_day(Path(folder)),
            *await _board(Path(folder)),
        ]


async def _writing(folder: Path) -> list[Figure]:
    """Many at once, as a run ends, and one alone."""
    async with await Store.open(f"sqlite:///{folder}/write.db") as store:
        run_id = await store.runs.start(run_name="bench", triggered_by="bench", suite="bench")
        samples = [a_sample(run_id=run_id) for _ in range(WRITES + AT_ONCE)]
        await asyncio.gather(*map(store.results.add, samples[WRITES:]))
        before_ns, before_cpu_ns = monotonic_ns(), cpu_ns()
        for start in range(0, WRITES, AT_ONCE):
            await asyncio.gather(*map(store.results.add, samples[start : start + AT_ONCE]))
        wall_ms = (monotonic_ns() - before_ns) / 1e6 / WRITES
        cpu_ms = (cpu_ns() - before_cpu_ns) / 1e6 / WRITES
        alone = [await _add(store, a_sample(run_id=run_id)) for _ in range(AT_ONCE)]
    part = "store, SQLite"
    return [
        Figure(
            part=part, name=f"one result of {AT_ONCE} at once", value=wall_ms, unit="ms", goal=2, n=WRITES
        ),
        Figure(part=part, name="CPU of it", value=cpu_ms, unit="ms", n=WRITES),
        Figure(
            part=part,
            name="one result alone, median",
            value=statistics.median(alone),
            unit="ms",
            goal=2,
            n=AT_ONCE,
        ),
    ]


async def _add(store: Store, sample: Sample) -> float:
    before_ns = monotonic_ns()
    await store.results.add(sample)
    return (monotonic_ns() - before_ns) / 1e6


async def _last_day(folder: Path) -> list[Figure]:
    path = await _filled(folder / "million.db", RESULTS)
    first, later = [], []
    for _ in range(READS):
        async with await Store.open(f"sqlite:///{path}") as store:
            first.append(await _window(store))
            later.append(await _window(store))
    path.unlink()
    return [
        Figure(
            part="store, SQLite",
            name=f"last 24 h by target, {RESULTS:,} results, {label}, median",
            value=statistics.median(times),
            unit="ms",
            goal=100,
            n=READS,
        )
        for label, times in (("first read", first), ("later reads", later))
    ]


async def _window(store: Store) -> float:
    before_ns = monotonic_ns()
    rows = await store.recent_attempts.rows()
    assert len(rows) == TARGETS
    return (monotonic_ns() - before_ns) / 1e6


async def _board(folder: Path) -> list[Figure]:
    path = await _filled(folder / "board.db", BOARD_RESULTS)
    config: dict[str, Any] = {
        "database": {"url": f"sqlite:///{path}"},
        "server": {"port": 0},
        "providers": {"sim": {"base_url": "http://127.0.0.1:9/v1", "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "sim", "model": "sim"}],
        "jobs": [{"name": "never", "cron": "0 0 29 2 *"}],
    }
    times = []
    for _ in range(3):
        async with running(folder, config) as client:
            times += [await milliseconds(f"{client.base_url}/{query}") for query in QUERIES]
    return [
        Figure(
            part="board",
            name=f"page over {BOARD_RESULTS:,} results, {label}",
            value=value,
            unit="ms",
            goal=200,
            n=count,
        )
        for label, value, count in (
            ("first of a process, median", statistics.median(times[:: len(QUERIES)]), 3),
            ("median", statistics.median(times), len(times)),
        )
    ]


async def _filled(path: Path, results: int) -> Path:
    async with await Store.open(f"sqlite:///{path}"):
        pass
    span = timedelta(days=results / A_DAY)
    await asyncio.to_thread(fill_sqlite, path, results, targets=TARGETS, end=SystemClock().now(), span=span)
    return path


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)
