"""The program as a process: how soon it starts and probes, what it holds, how fast it is scraped."""

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
from probe.lib.clock import NS_PER_SECOND, SystemClock, monotonic_ns
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess

TARGETS = 200
RUNS = 5
READS = 20
COMMAND = Path(sys.executable).with_name("probe")


async def measure(command: Path = COMMAND) -> list[Figure]:
    """Of the program that `command` starts."""
    simulator = await SimulatorProcess.start(SimulatorOptions())
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            return [
                await _help(command),
                *await _first_probe(command, folder, simulator),
                await _idle(command, folder, simulator),
                *await _loaded(command, folder, simulator),
            ]
    finally:
        await simulator.stop()


async def _help(command: Path) -> Figure:
    seconds = []
    for _ in range(READS):
        before_ns = monotonic_ns()
        process = await asyncio.create_subprocess_exec(command, "--help", stdout=asyncio.subprocess.DEVNULL)
        assert await process.wait() == 0
        seconds.append((monotonic_ns() - before_ns) / NS_PER_SECOND)
    return Figure(
        part="command",
        name="probe --help, median",
        value=statistics.median(seconds),
        unit="s",
        goal=0.3,
        n=READS,
    )


async def _first_probe(command: Path, folder: Path, simulator: SimulatorProcess) -> list[Figure]:
    """The second start, as on any day but the first: the first compiles Python and creates the database."""
    seconds = []
    for _ in range(4):
        began = SystemClock().now()
        async with running(folder, _config(folder, simulator, targets=3), command) as client:
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


async def _idle(command: Path, folder: Path, simulator: SimulatorProcess) -> Figure:
    """On the database that a first start made."""
    config = _config(folder, simulator, targets=TARGETS, run_at_start=False)
    async with running(folder, config, command):
        pass
    async with running(folder, config, command) as client:
        await client.get("/metrics")
        held = _memory_bytes(psutil.Process(int((folder / "pid").read_text())))
    (folder / "bench.db").unlink()
    return Figure(part="daemon", name="memory with the stopwatch after a start", value=held / 1e6, unit="MB")


async def _loaded(command: Path, folder: Path, simulator: SimulatorProcess) -> list[Figure]:
    """On a database that stands: creating one takes the program's migrations into memory."""
    never = _config(folder, simulator, targets=TARGETS, run_at_start=False)
    async with running(folder, never, command):
        pass
    async with running(folder, _config(folder, simulator, targets=TARGETS, runs=RUNS), command) as client:
        daemon = psutil.Process(int((folder / "pid").read_text()))
        peak = await _peak_memory(daemon, lambda: _all_stored(client, TARGETS, RUNS))
        held = _memory_bytes(daemon)
        page = f"{client.base_url}/metrics"
        before_s = _cpu_seconds(daemon)
        scrapes = [await milliseconds(page) for _ in range(READS)]
        cpu_ms = (_cpu_seconds(daemon) - before_s) * 1e3 / READS
        zipped = [await milliseconds(page, "gzip") for _ in range(READS)]
        board = await milliseconds(f"{client.base_url}/")
        size = len((await client.get("/metrics")).content)
    metrics = f"/metrics with {TARGETS} targets"
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
            name=f"memory with the stopwatch after {RUNS * TARGETS:,} attempts",
            value=held / 1e6,
            unit="MB",
        ),
        Figure(
            part="daemon",
            name=f"{metrics}, median",
            value=statistics.median(scrapes),
            unit="ms",
            goal=50,
            n=READS,
        ),
        Figure(part="daemon", name=f"{metrics}, CPU", value=cpu_ms, unit="ms", n=READS),
        Figure(part="daemon", name=f"{metrics}, size", value=size / 1e6, unit="MB"),
        Figure(
            part="daemon",
            name="the same, gzip as Prometheus asks for it, median",
            value=statistics.median(zipped),
            unit="ms",
            n=READS,
        ),
        Figure(part="daemon", name=f"first board after {RUNS * TARGETS:,} attempts", value=board, unit="ms"),
    ]


def _config(
    folder: Path, simulator: SimulatorProcess, *, targets: int, runs: int = 1, run_at_start: bool = True
) -> dict[str, Any]:
    """`runs` jobs, each of all targets."""
    job = {"cron": "0 0 1 1 *", "run_at_start": run_at_start, "concurrency": TARGETS}
    return {
        "database": {"url": f"sqlite:///{folder}/bench.db"},
        "server": {"port": 0},
        "providers": {"bench": {"base_url": simulator.base_url, "kind": "simulated", "concurrency": TARGETS}},
        "targets": [{"provider": "bench", "name": f"target-{i}", "model": MODEL} for i in range(targets)],
        "jobs": [{"name": f"bench-{i}", **job} for i in range(runs)],
    }


@asynccontextmanager
async def running(
    folder: Path, config: dict[str, Any], command: Path = COMMAND
) -> AsyncIterator[httpx.AsyncClient]:
    """A daemon, and a client of its pages."""
    file = folder / "probe.yaml"
    file.write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        command,
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


async def _all_stored(client: httpx.AsyncClient, count: int, runs: int) -> bool:
    found = (await client.get("/api/v1/runs")).json()["items"]
    return len(found) == runs and all(run["successes"] == count for run in found)


async def _peak_memory(daemon: psutil.Process, done: Callable[[], Awaitable[bool]]) -> float:
    """The most that the daemon and the stopwatch held together until `done`, in bytes."""
    peak = 0.0
    while not await done():
        peak = max(peak, _memory_bytes(daemon))
        await asyncio.sleep(0.05)
    return peak


def _memory_bytes(daemon: psutil.Process) -> float:
    """Of it and of its children."""
    return sum(process.memory_info().rss for process in (daemon, *daemon.children()))


def _cpu_seconds(process: psutil.Process) -> float:
    """By the scheduler's own count, as ticks of 10 ms are too long."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / NS_PER_SECOND


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
