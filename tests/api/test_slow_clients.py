"""Clients that hold what they can get, in four manners, and come again: nobody else waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time

import httpx
import pytest

from tests.servers.daemon import JOB_THAT_NEVER_RUNS, TOKEN, RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

HELD = 500
# Longer than any client is waited for. By hand 120; `pytest -s` shows how long answers took.
SECONDS = float(os.environ.get("PROBE_TEST_SECONDS", "18"))
# A request is answered in milliseconds; how busy the machine is besides, nobody knows.
PATIENCE_SECONDS = 10

_HOST = "Host: localhost\r\n"
_POST = (
    f"POST /api/v1/runs HTTP/1.1\r\n{_HOST}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
)
_LARGE = "".join(f"GET / HTTP/1.1\r\n{_HOST}\r\n" for _ in range(20))
# What each sends at first, and then again and again.
MANNERS = (
    (f"GET / HTTP/1.1\r\n{_HOST}X: ", "y"),  # a head that does not end
    (_POST, ""),  # no body
    (_POST, " "),  # a body that does not end
    (_LARGE, ""),  # answers that are not taken
)


async def _hold(port: int, begin: str, more: str) -> None:
    """Hold one connection, and another when it is gone."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            try:
                writer.write(begin.encode())
                while not writer.is_closing() and not reader.at_eof():
                    await asyncio.sleep(0.5)
                    writer.write(more.encode())
                    await writer.drain()
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.1)


async def _asked(client: httpx.AsyncClient, method: str, path: str) -> float:
    """How long the answer takes; it is a success."""
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    body = b'{"suite": "quick"}' if method == "POST" else b""
    response = await client.request(method, path, headers=headers, content=body)
    assert response.is_success, (path, response.status_code, response.text)
    return time.monotonic() - began


@pytest.fixture
def daemon(start_daemon: StartDaemon, simulator: RunningSimulator) -> RunningDaemon:
    provider = {"base_url": simulator.base_url, "kind": "simulated"}
    target = {"provider": "sim", "name": "one", "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"}
    return start_daemon({"providers": {"sim": provider}, "targets": [target], "jobs": [JOB_THAT_NEVER_RUNS]})


async def test_nobody_waits_for_slow_clients(daemon: RunningDaemon) -> None:
    port = daemon.client.base_url.port
    assert port is not None
    manners = itertools.cycle(MANNERS)
    crowd = [asyncio.create_task(_hold(port, *next(manners))) for _ in range(HELD)]
    taken: dict[str, list[float]] = {"/healthz": [], "/metrics": [], "/api/v1/runs": []}
    until = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until:
            # A connection of its own each time: one that stands has a seat already.
            async with httpx.AsyncClient(
                base_url=daemon.url, trust_env=False, timeout=PATIENCE_SECONDS
            ) as client:
                for path, spent in taken.items():
                    spent.append(await _asked(client, "POST" if "runs" in path else "GET", path))
            await asyncio.sleep(0.2)
    finally:
        for each in crowd:
            each.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    for path, spent in taken.items():
        print(f"{path}: {len(spent)} answers, the slowest within {max(spent):.3f} s")
