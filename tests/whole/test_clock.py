"""Time: nothing the daemon does moves a stamp, and where the clock was set no duration is believed."""

from __future__ import annotations

import asyncio
import http.client
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from probe.analysis.percentile import percentile
from probe.bootstrap.load import load_config
from probe.daemon.daemon import Daemon
from probe.lib import clock
from probe.lib.clock import NS_PER_SECOND, ClockPair
from probe.metrics.names import PREFIX
from probe.wire.local import LocalWire
from tests.servers.daemon import JOB_THAT_NEVER_RUNS, TOKEN, RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

# Far above what the stopwatch achieves, and far below what anything that waits for the daemon would.
LARGEST_ERROR_SECONDS = 0.001
STREAMS = 50
MODEL = "sim?ttft_ms=300&ttft_spread_ms=100&gap_ms=10&tokens=100"
PAGES = ("/", "/metrics", "/api/v1/leaderboard", "/api/v1/results?limit=200")


@dataclass
class Hammer:
    """Asks one page again and again, over one connection."""

    port: int
    path: str
    answers: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stop.is_set():
            connection.request("GET", self.path)
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            self.answers += 1
        connection.close()


@contextmanager
def kept_busy(daemon: RunningDaemon) -> Iterator[list[Hammer]]:
    port = daemon.client.base_url.port
    assert port is not None
    hammers = [Hammer(port, path) for path in PAGES]
    threads = [threading.Thread(target=hammer.work) for hammer in hammers]
    for thread in threads:
        thread.start()
    try:
        yield hammers
    finally:
        for hammer in hammers:
            hammer.stop.set()
        for thread in threads:
            thread.join()


def test_a_busy_daemon_moves_no_stamp(start_daemon: StartDaemon, simulator: RunningSimulator) -> None:
    daemon = start_daemon(
        {
            "providers": {
                "sim": {"base_url": simulator.base_url, "kind": "simulated", "concurrency": STREAMS}
            },
            "targets": [{"provider": "sim", "name": f"t{i}", "model": MODEL} for i in range(STREAMS)],
        }
    )
    with kept_busy(daemon) as hammers:
        run = daemon.finished(daemon.trigger("mystery-shopper"))
    assert all(hammer.answers >= 2 for hammer in hammers)

    details = [daemon.get(f"/api/v1/results/{each['id']}") for each in daemon.results(run_id=run["id"])]
    assert run["successes"] == len(details) == STREAMS
    assert {detail["stamps"] for detail in details} == {"kernel"}
    truths = [simulator.truth(detail["id"]) for detail in details]
    errors = [_errors(detail, truth) for detail, truth in zip(details, truths, strict=True)]
    assert _p99([first for first, *_ in errors]) < LARGEST_ERROR_SECONDS
    assert _p99([error for stream in errors for error in stream]) < LARGEST_ERROR_SECONDS
    # Tokens that were read together have one arrival between them.
    arrivals = sum(len(detail["chunk_gaps_seconds"]) + 1 for detail in details)
    assert arrivals > 0.99 * sum(truth["tokens"] for truth in truths)


def _p99(values: list[float]) -> float:
    found = percentile(values, 99)
    assert found is not None
    return found


def _errors(detail: dict[str, Any], truth: dict[str, Any]) -> list[float]:
    """By how many seconds each token's arrival lies outside of the call that sent it.

    Both count from the request: what the probe stored, and what the simulator knows.
    """
    writes = truth["writes"]
    calls = zip(writes["at_ns"], writes["returned_ns"], writes["tokens"], strict=True)
    sent = [
        tuple((instant - truth["received_ns"]) / NS_PER_SECOND for instant in (at_ns, returned_ns))
        for at_ns, returned_ns, tokens in calls
        if tokens
    ]
    arrived = list(accumulate(detail["chunk_gaps_seconds"], initial=detail["timing"]["ttft_server_seconds"]))
    return [min(max(before - at, at - after, 0.0) for at in arrived) for before, after in sent]


# A step of the wall clock --------------------------------------------------------------------------------


class LocalStopwatch(LocalWire):
    """The stopwatch in this process, where its clocks can be set, with a process's looks."""

    pid = 1
    restarts = 0

    @classmethod
    async def start(cls, _environment: Mapping[str, str]) -> LocalStopwatch:
        return cls()


@pytest_asyncio.fixture
async def daemon_here(
    monkeypatch: pytest.MonkeyPatch, simulator: RunningSimulator, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The whole daemon in this process; a client of its pages."""
    monkeypatch.setattr("probe.daemon.resources.StopwatchProcess", LocalStopwatch)
    monkeypatch.setattr("probe.daemon.resources.configure_logs", lambda _: None)
    file = tmp_path / "probe.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "server": {"port": 0, "token": TOKEN},
                "database": {"url": f"sqlite:///{tmp_path}/probe.db"},
                "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
                "targets": [{"provider": "sim", "name": "one", "model": "sim?ttft_ms=30&gap_ms=5&tokens=9"}],
                "jobs": [JOB_THAT_NEVER_RUNS],
            }
        )
    )
    async with (
        Daemon.start(lambda: load_config(file, env={}, cwd=tmp_path)) as daemon,
        httpx.AsyncClient(base_url=daemon.ready.url, trust_env=False) as client,
    ):
        yield client


async def test_nothing_is_believed_across_a_step_of_the_clock(
    daemon_here: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The stopwatch is in this process here: what else a busy machine does to it is another test's subject.
    monkeypatch.setattr("probe.wire.poller.SHORTEST_STALL_NS", 3600 * NS_PER_SECOND)
    sound = await _measured(daemon_here)
    before = await _figures(daemon_here)
    with monkeypatch.context() as patch:
        _set_in_between(patch, 60 * NS_PER_SECOND)
        stepped = await _measured(daemon_here)
    entry = await _figures(daemon_here)

    assert sound["trusted"]
    assert sound["timing"]["ttft_seconds"] >= 0.03
    # What was answered is known, how fast it was is not.
    assert not stepped["trusted"]
    assert stepped["success"]
    assert stepped["usage"]["output_tokens"] == 9
    assert stepped["chunk_gaps_seconds"] == []
    known = {name for name, value in stepped["timing"].items() if value not in (None, [])}
    assert known == {"duration_seconds"}
    assert 0 < stepped["timing"]["duration_seconds"] < 60
    with closing(sqlite3.connect(tmp_path / "probe.db")) as database:
        rows = database.execute("SELECT trusted, ttft_ms, total_latency_ms, tps FROM benchmark_results")
        assert rows.fetchall()[1:] == [(0, None, None, None)]
    assert (entry["attempts"], entry["successes"], entry["success_ratio"]) == (2, 2, 1)
    for name in ("ttft", "total_latency", "tps", "jitter_seconds"):
        assert entry[name] == before[name]
    await _counts_no_duration(daemon_here, sound)


def _set_in_between(patch: pytest.MonkeyPatch, step_ns: int) -> None:
    """The first reading of the clocks is true; in all that follow the wall clock has moved."""
    real = clock.read_pair
    steps = chain([0], repeat(step_ns))

    def read_pair() -> ClockPair:
        pair = real()
        return ClockPair(monotonic_ns=pair.monotonic_ns, wall_ns=pair.wall_ns + next(steps))

    patch.setattr(clock, "read_pair", read_pair)


async def _measured(client: httpx.AsyncClient) -> dict[str, Any]:
    """One attempt, as stored."""
    order = {"suite": "mystery-shopper", "targets": ["one"]}
    started = await client.post("/api/v1/runs", json=order, headers={"Authorization": f"Bearer {TOKEN}"})
    run_id = started.json()["id"]
    while (await client.get(f"/api/v1/runs/{run_id}")).json()["finished_at"] is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    (result,) = (await client.get("/api/v1/results", params={"run_id": run_id})).json()["items"]
    detail: dict[str, Any] = (await client.get(f"/api/v1/results/{result['id']}")).json()
    return detail


async def _figures(client: httpx.AsyncClient) -> dict[str, Any]:
    (entry,) = (await client.get("/api/v1/leaderboard", params={"suite": "mystery-shopper"})).json()["items"]
    found: dict[str, Any] = entry
    return found


async def _counts_no_duration(client: httpx.AsyncClient, sound: dict[str, Any]) -> None:
    """In the metrics the second attempt is a success without a latency."""

    async def metrics() -> dict[str, float]:
        lines = (await client.get("/metrics")).text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name.partition("{")[0].removeprefix(PREFIX): float(value) for name, _, value in pairs}

    while (found := await metrics())["window_attempts"] < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert found["untrusted_attempts_total"] == 1
    assert found["last_attempt_success"] == 1
    assert found["chunk_gap_seconds_count"] == len(sound["chunk_gaps_seconds"])
    for name in ("ttft_seconds", "ttft_server_seconds", "total_latency_seconds", "tokens_per_second"):
        assert found[f"{name}_count"] == 1
        assert f"last_{name}" not in found
