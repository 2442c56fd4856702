"""A stopwatch that is stopped tells nothing wrong: what it cannot know is withheld, the rest stays exact.

Many streams at once, so that one stop meets every phase: some have ended, some wait, some stream, some begin
in it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from bench.load import wire_request
from probe.facts.sample import Timing
from probe.facts.timing import timing_of
from probe.providers.openai_chat.chat import read_completion as read
from probe.wire.capture import Capture
from probe.wire.process import StopwatchProcess
from probe.wire.request import Connection
from tests.servers.simulator import RunningSimulator, Start

STREAMS, STAGGER_SECONDS, STOPPED_AFTER_SECONDS = 24, 0.02, 0.25
MODEL = "sim?ttft_ms=150&gap_ms=8&tokens=30"


async def streamed_through_a_stop(
    simulator: RunningSimulator, connection: Connection, stop_seconds: float
) -> list[tuple[Capture, dict[str, Any]]]:
    """Each capture with the truth about it."""
    wire = await StopwatchProcess.start()
    loop = asyncio.get_running_loop()

    async def one(index: int) -> tuple[Capture, str]:
        await asyncio.sleep(index * STAGGER_SECONDS)
        request_id = str(uuid4())
        request = wire_request(simulator.base_url, request_id, connection, simulator.ca_file, model=MODEL)
        return await wire.exchange(request), request_id

    try:
        await asyncio.gather(one(0), one(0))
        assert wire.pid is not None
        pid = wire.pid
        loop.call_later(STOPPED_AFTER_SECONDS, os.kill, pid, signal.SIGSTOP)
        loop.call_later(STOPPED_AFTER_SECONDS + stop_seconds, os.kill, pid, signal.SIGCONT)
        ended = await asyncio.gather(*[one(index) for index in range(STREAMS)])
    finally:
        await wire.aclose()
    return [(capture, simulator.until_ended(request_id)) for capture, request_id in ended]


def what_is_true(capture: Capture, truth: Mapping[str, Any]) -> dict[str, float]:
    """The figures as the server wrote them; before sending, the stop aside, everything takes milliseconds."""
    writes = truth["writes"]
    written = [at / 1e9 for at, tokens in zip(writes["at_ns"], writes["tokens"], strict=True) if tokens]
    received = truth["received_ns"] / 1e9
    span = written[-1] - written[0]
    gaps = [b - a for a, b in pairwise(written)]
    return {
        "ttft_server_seconds": written[0] - received,
        "stream_jitter_seconds": statistics.pstdev(gaps),
        "span_seconds": span,
        "answer_seconds": written[-1] - received,
    }


def assert_nothing_wrong(capture: Capture, truth: Mapping[str, Any], timing: Timing) -> None:
    true = what_is_true(capture, truth)
    measured = {
        "ttft_server_seconds": timing.ttft_server_seconds,
        "stream_jitter_seconds": timing.stream_jitter_seconds,
        "span_seconds": None if timing.itl_seconds is None else timing.itl_seconds * 29,
    }
    for name, value in measured.items():
        if value is not None:
            allowed = 0.004 if name == "stream_jitter_seconds" else 0.002  # of two instants in each gap
            assert value == pytest.approx(true[name], rel=0.01, abs=allowed), name
    if timing.total_latency_seconds is not None:
        assert capture.sent_ns is not None
        rest = timing.total_latency_seconds - (capture.sent_ns - capture.started_ns) / 1e9
        assert rest == pytest.approx(true["answer_seconds"], rel=0.01, abs=0.002)


@pytest.mark.parametrize("stop_seconds", [0.05, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("connection", ["cold", "warm"])
@pytest.mark.parametrize("tls", ["off", "on"])
async def test_nothing_is_wrong_across_a_stop(
    start_simulator: Start, tls: str, connection: Connection, stop_seconds: float
) -> None:
    simulator = start_simulator(tls=tls)
    ended = await streamed_through_a_stop(simulator, connection, stop_seconds)
    withheld: set[str] = set()
    for capture, truth in ended:
        assert capture.failure is None
        reading = read(capture)
        timing = timing_of(reading.timeline, reading.usage, whole=True)
        assert_nothing_wrong(capture, truth, timing)
        assert capture.stalls or not timing.withheld
        withheld.update(timing.withheld)
    assert "ttft_server_seconds" in withheld
    stops = [stall for capture, _ in ended for stall in capture.stalls]
    assert max(end - start for start, end in stops) >= 0.5 * stop_seconds * 1e9


async def test_a_deadline_that_passes_in_a_stop_is_nobodys_failure(start_simulator: Start) -> None:
    """The first token came after 150 ms; nobody looked for 1.5 s, and 0.6 s were allowed."""
    simulator = start_simulator()
    wire = await StopwatchProcess.start()
    try:
        request = wire_request(simulator.base_url, str(uuid4()), "cold", None, model=MODEL, first_token=0.6)
        await wire.exchange(request)
        exchange = asyncio.create_task(wire.exchange(request))
        await asyncio.sleep(0.05)
        assert wire.pid is not None
        os.kill(wire.pid, signal.SIGSTOP)
        await asyncio.sleep(1.5)
        os.kill(wire.pid, signal.SIGCONT)
        capture = await exchange
    finally:
        await wire.aclose()
    assert capture.failure is None


async def test_a_first_token_too_late_is_too_late_though_nobody_saw_the_deadline_pass(
    start_simulator: Start,
) -> None:
    simulator = start_simulator()
    wire = await StopwatchProcess.start()
    try:
        late = wire_request(
            simulator.base_url,
            str(uuid4()),
            "cold",
            None,
            model="sim?ttft_ms=1200&gap_ms=400&tokens=9",
            first_token=0.6,
        )
        exchange = asyncio.create_task(wire.exchange(late))
        await asyncio.sleep(0.7 * 0.6)
        assert wire.pid is not None
        os.kill(wire.pid, signal.SIGSTOP)
        await asyncio.sleep(0.3)
        os.kill(wire.pid, signal.SIGCONT)
        capture = await exchange
    finally:
        await wire.aclose()
    assert capture.failure is not None
    assert (capture.failure.reason, capture.failure.deadline) == ("timeout", "first_token")
