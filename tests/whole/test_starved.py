"""A stopwatch that is stopped tells nothing wrong: what it cannot know is withheld, the rest stays exact.

Many streams at once, so that one stop meets every phase: some have ended, some wait, some stream, some begin
in it. `tests.whole.stops` is the whole matrix.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest

from bench.load import wire_request
from probe.wire.process import StopwatchProcess
from probe.wire.request import Connection
from tests.servers.simulator import Start
from tests.whole.stops import MODEL, Attempt, Stop, Stoppable, Victim, attempts_through_a_stop

BURST = Stop(seconds=0.2, after_seconds=0.02, stagger_seconds=0.0)


@pytest.fixture(scope="module")
def process() -> Iterator[Stoppable]:
    with Stoppable() as process:
        yield process


def _nothing_is_wrong(attempts: list[Attempt]) -> None:
    for attempt in attempts:
        assert attempt.wrong() == {}
        assert attempt.withheld_untouched() == set()
        assert attempt.capture.stalls or not attempt.timing.withheld


@pytest.mark.parametrize("stop_seconds", [0.05, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("connection", ["cold", "warm"])
@pytest.mark.parametrize("tls", ["off", "on"])
def test_nothing_is_wrong_across_a_stop(
    process: Stoppable, start_simulator: Start, tls: str, connection: Connection, stop_seconds: float
) -> None:
    simulator = start_simulator(tls=tls)
    stop = Stop(seconds=stop_seconds)
    attempts = attempts_through_a_stop(process, simulator, connection, "stopwatch", stop)
    _nothing_is_wrong(attempts)
    if stop_seconds >= 1:  # which meets first tokens however busy the machine
        assert "ttft_server_seconds" in {name for each in attempts for name in each.timing.withheld}
    stalls = [stall for each in attempts for stall in each.capture.stalls]
    assert max(end - start for start, end in stalls) >= 0.5 * stop_seconds * 1e9


@pytest.mark.parametrize(
    ("victim", "connection", "stop"),
    [
        ("stopwatch", "cold", BURST),
        ("daemon", "cold", BURST),
        ("daemon", "warm", Stop(seconds=1.0)),
        ("both", "cold", BURST),
        ("both", "warm", Stop(seconds=1.0)),
    ],
)
def test_nothing_is_wrong_across_a_stop_of_the_daemon_or_of_its_container(
    process: Stoppable, start_simulator: Start, victim: Victim, connection: Connection, stop: Stop
) -> None:
    simulator = start_simulator(tls="on")
    _nothing_is_wrong(attempts_through_a_stop(process, simulator, connection, victim, stop))


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
