"""The daemon as a process, with 200 targets: how soon it probes, what it holds, how fast it is scraped."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from bench.figure import Figure
from bench.load import MODEL
from probe.lib.clock import SystemClock, monotonic_ns
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess
from probe.store.migrate import upgrade

TARGETS = 200
READS = 20
COMMAND = Path(sys.executable).with_name("probe")


async def measure() -> list[Figure]:
    simulator = await SimulatorProcess.start(SimulatorOptions())
    try:
        with tempfile.TemporaryDirectory() as folder:
            return [*await _first_probe(Path(folder), simulator), *await _loaded(Path(folder), simulator)]
    finally:
        await simulator.stop()


async def _first_probe(folder: Path, simulator: SimulatorProcess) -> list[Figure]:
    """The second start, as on any day but the first: the first compiles Python and creates the database."""
    seconds = []
    for _ in range(4):
        began = SystemClock().now()
        async with running(folder, _config(folder, simulator, targets=3)) as client:
            results = await until(lambda: _results(client))
            first = min(datetime.fromisoformat(result["started_at"]) for result in results)
            seconds.append((first - began).total_seconds())
        (folder / "bench.db").unlink()
    return [
        Figure(
            part="daemon",
            name="start to first scheduled probe",
            value=statistics.median(seconds[1:]),
            unit="s",
            goal=3.0,
            n=len(seconds) - 1,
        )
    ]


async def _loaded(folder: Path, simulator: SimulatorProcess) -> list[Figure]:
    """On a database that stands: creating one takes the program's migrations into memory."""
    config = _config(folder, simulator, targets=TARGETS)
    await upgrade(config["database"]["url"])
    async with running(folder, config) as client:
        pid = int((folder / "pid").read_text())
        peak = await _peak_memory(pid, lambda: _all_stored(client, TARGETS))
        page = f"{client.base_url}/metrics"
        scrapes = [await milliseconds(page) for _ in range(READS)]
        zipped = [await milliseconds(page, "gzip") for _ in range(READS)]
        size = len((await client.get("/metrics")).content)
    return [
        Figure(
            part="daemon",
            name=f"memory with the stopwatch at {TARGETS} streams",
            value=peak / 1e6,
            unit="MB",
            goal=180,
        ),
        Figure(
            part="daemon",
            name=f"/metrics with {TARGETS} targets ({size / 1e6:.1f} MB), median",
            value=statistics.median(scrapes),
            unit="ms",
            goal=50,
            n=READS,
        ),
        Figure(
            part="daemon",
            name="the same, gzip as Prometheus asks for it, median",
            value=statistics.median(zipped),
            unit="ms",
            n=READS,
        ),
    ]


def _config(folder: Path, simulator: SimulatorProcess, *, targets: int) -> dict[str, Any]:
    return {
        "database": {"url": f"sqlite:///{folder}/bench.db"},
        "server": {"port": 0},
        "providers": {"bench": {"base_url": simulator.base_url, "kind": "simulated", "concurrency": TARGETS}},
        "targets": [{"provider": "bench", "name": f"target-{i}", "model": MODEL} for i in range(targets)],
        "jobs": [{"name": "bench", "cron": "0 0 1 1 *", "run_at_start": True, "concurrency": TARGETS}],
    }


@asynccontextmanager
async def running(folder: Path, config: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A daemon, and a client of its pages."""
    file = folder / "probe.yaml"
    file.write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "daemon",
        "--config",
        file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )
    (folder / "pid").write_text(str(process.pid))
    assert process.stdout is not None
    url = await _url_of_board(process.stdout)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        yield client
    process.terminate()
    await process.wait()


async def _url_of_board(output: asyncio.StreamReader) -> str:
    async for line in output:
        for word in line.decode().split():
            if word.startswith("http://"):
                return word.rstrip("/")
    raise RuntimeError("the daemon did not start")


async def _results(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/api/v1/results")).json()["items"]
    return items


async def _all_stored(client: httpx.AsyncClient, count: int) -> bool:
    runs = (await client.get("/api/v1/runs")).json()["items"]
    return bool(runs) and runs[-1]["successes"] == count


async def _peak_memory(pid: int, done: Callable[[], Awaitable[bool]]) -> float:
    """The most that the daemon and the stopwatch held together until `done`, in bytes."""
    daemon = psutil.Process(pid)
    peak = 0.0
    while not await done():
        family = [daemon, *daemon.children()]
        peak = max(peak, sum(process.memory_info().rss for process in family))
        await asyncio.sleep(0.05)
    return peak


async def milliseconds(url: str, encoding: str = "identity") -> float:
    """One page, read whole by a client that costs next to nothing and does not decompress."""

    def read() -> float:
        request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
        before_ns = monotonic_ns()
        with urllib.request.urlopen(request) as response:
            response.read()
        return (monotonic_ns() - before_ns) / 1e6

    return await asyncio.to_thread(read)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """The daemon has no event for others to wait on, so it is asked."""
    while not (found := await look()):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return found


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)
