"""How far the stopwatch is from the truth, beside what other clients say of the same streams."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bench.figure import Figure
from bench.load import Stream, over_wire, stream_all, truths
from bench.others import OverHttpx, OverOpenAI
from bench.truth import Errors, compare, merged
from probe.lib.clock import monotonic_ns
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess
from probe.wire.process import StopwatchProcess
from probe.wire.request import Connection

STREAMS = (1, 50, 100, 200)
# Rounds of few streams are repeated until their p99 rests on some hundred first tokens.
ROUNDS = {1: 30, 50: 6, 100: 4, 200: 3}
# The others are so far away that fewer rounds tell.
ROUNDS_OF_OTHERS = {1: 10, 50: 3, 100: 2, 200: 1}
BUSY_SECONDS, BUSY_EVERY_SECONDS = 0.020, 0.100


async def measure(rounds: dict[int, int] | None = None) -> list[Figure]:
    rounds = ROUNDS if rounds is None else rounds
    figures: list[Figure] = []
    for tls in (False, True):
        async with simulating(tls=tls) as simulator:
            ca_file = None if simulator.ca_file is None else str(simulator.ca_file)
            for connection in ("cold", "warm"):
                figures += await _stopwatch(simulator.base_url, ca_file, connection, rounds)
            if not tls:
                figures += await _beside_work(simulator.base_url)
                figures += await _others(simulator.base_url)
    return figures


@asynccontextmanager
async def simulating(*, tls: bool) -> AsyncIterator[SimulatorProcess]:
    simulator = await SimulatorProcess.start(SimulatorOptions(tls="on" if tls else "off"))
    try:
        yield simulator
    finally:
        await simulator.stop()


async def _stopwatch(
    base_url: str, ca_file: str | None, connection: Connection, rounds: dict[int, int]
) -> list[Figure]:
    part = f"stopwatch, {'plain' if ca_file is None else 'TLS'}, {connection}"
    ttft_goal, gap_goal = (0.05, 0.02) if ca_file is None else (0.10, 0.05)
    wire = await StopwatchProcess.start()
    figures = []
    try:
        stream = over_wire(wire, base_url, connection, ca_file)
        await stream_all(max(STREAMS), stream)
        for count in STREAMS:
            errors = await _rounds(base_url, ca_file, stream, count, rounds[count])
            figures += figures_of(part, count, errors, ttft_goal, gap_goal)
    finally:
        await wire.aclose()
    return figures


async def _beside_work(base_url: str) -> list[Figure]:
    wire = await StopwatchProcess.start()
    try:
        stream = over_wire(wire, base_url, "cold", None)
        await stream_all(50, stream)
        work = asyncio.create_task(_work())
        try:
            errors = await _rounds(base_url, None, stream, 50, 6)
        finally:
            work.cancel()
            await asyncio.wait([work])
    finally:
        await wire.aclose()
    return figures_of("stopwatch, the daemon works 20 of 100 ms", 50, errors, 0.10, 0.10)


async def _work() -> None:
    """Keep this process's loop busy, as a page or a report would."""
    while True:
        until_ns = monotonic_ns() + round(BUSY_SECONDS * 1e9)
        while monotonic_ns() < until_ns:
            sum(range(1000))
        await asyncio.sleep(BUSY_EVERY_SECONDS - BUSY_SECONDS)


async def _others(base_url: str) -> list[Figure]:
    figures = []
    for part, make in (("httpx", OverHttpx), ("openai SDK", OverOpenAI)):
        for count in STREAMS:
            async with make(base_url) as client:
                await stream_all(count, client.stream)
                with _without_collection():
                    errors = await _rounds(base_url, None, client.stream, count, ROUNDS_OF_OTHERS[count])
            figures += figures_of(part, count, errors, None, None)
    return figures


async def _rounds(base_url: str, ca_file: str | None, stream: Stream, count: int, rounds: int) -> Errors:
    seen = [await stream_all(count, stream) for _ in range(rounds)]
    known = await truths(base_url, ca_file)
    return merged([compare(streams, known) for streams in seen])


@contextmanager
def _without_collection() -> Iterator[None]:
    """The garbage of earlier rounds is not a client's fault."""
    gc.collect()
    yield


def figures_of(
    part: str, count: int, errors: Errors, ttft_goal: float | None, gap_goal: float | None
) -> list[Figure]:
    streams = f"{count} stream{'s' if count > 1 else ''}"
    found = [
        Figure(
            part=part,
            name=f"TTFT error p99, {streams}",
            value=errors.ttft_p99_ms,
            unit="ms",
            goal=ttft_goal,
            n=len(errors.ttft_ms),
        ),
        Figure(
            part=part,
            name=f"chunk-gap error p99, {streams}",
            value=errors.gap_p99_ms,
            unit="ms",
            goal=gap_goal,
            n=len(errors.gap_ms),
        ),
    ]
    if errors.broken:
        found.append(
            Figure(part=part, name=f"broken, {streams}", value=errors.broken, unit="streams", goal=0)
        )
    return found
