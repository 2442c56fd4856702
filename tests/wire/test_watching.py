"""What the stopwatch does about itself: its lateness, its collector, its sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
import weakref

import pytest

from probe.lib import gc_pause as pause
from probe.lib.clock import NS_PER_MS, monotonic_ns
from probe.wire.builder import CaptureBuilder
from probe.wire.http1 import read_response
from probe.wire.lag import LoopLag
from probe.wire.local import LocalWire
from probe.wire.poller import Poller
from probe.wire.worker import StreamSelector
from tests.wire.asking import ask
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, RawServer, answers, chunk, response, serving
from tests.wire.waiting import until


def block(seconds: float) -> None:
    time.sleep(seconds)


# Lateness --------------------------------------------------------------------------------------------------


async def test_a_blocked_loop_is_noticed_and_dated() -> None:
    watch = LoopLag(asyncio.get_running_loop(), lambda: None)
    watch.enter()
    await asyncio.sleep(0.03)
    before_ns = monotonic_ns()
    block(0.5)
    await asyncio.sleep(0.005)
    after_ns = monotonic_ns()
    worst_ns = watch.worst_since(before_ns)
    assert worst_ns >= 450 * NS_PER_MS
    await asyncio.sleep(0.05)
    assert watch.worst_since(before_ns) >= worst_ns
    assert watch.worst_since(after_ns) < worst_ns
    watch.leave()


async def test_a_block_that_still_lasts_counts() -> None:
    watch = LoopLag(asyncio.get_running_loop(), lambda: None)
    watch.enter()
    started_ns = monotonic_ns()
    block(0.1)
    assert watch.worst_since(started_ns) >= 75 * NS_PER_MS
    watch.leave()


async def test_no_timer_runs_while_nobody_asks() -> None:
    ticks = 0

    def count() -> None:
        nonlocal ticks
        ticks += 1

    watch = LoopLag(asyncio.get_running_loop(), count)
    watch.enter()
    watch.enter()
    watch.leave()
    await until(lambda: ticks)
    watch.leave()
    seen = ticks
    await asyncio.sleep(0.06)
    assert ticks == seen


# The collector ---------------------------------------------------------------------------------------------


async def test_nothing_is_collected_while_a_stream_is_open(wire: LocalWire) -> None:
    assert gc.isenabled()
    seen: list[bool] = []

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        seen.append(gc.isenabled())
        peer.send(LAST_CHUNK)

    with serving(script) as server:
        await asyncio.gather(*(wire.exchange(ask(server)) for _ in range(3)))
    assert seen == [False] * 3
    assert gc.isenabled()


def test_a_pause_that_lasts_is_interrupted_by_one_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = 0
    monkeypatch.setattr(pause, "monotonic_ns", lambda: now_ns)
    collected = 0

    def count(phase: str, _: dict[str, int]) -> None:
        nonlocal collected
        collected += phase == "start"

    gc.callbacks.append(count)
    try:
        pause.enter()
        pause.enter()
        pause.leave()
        assert collected == 0
        now_ns = 301 * 1_000_000_000
        pause.enter()
        pause.leave()
        assert collected == 1
        pause.enter()
        pause.leave()
        assert collected == 1
    finally:
        gc.callbacks.remove(count)
        pause.leave()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        pause.enter()
        pause.leave()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("connection", ["cold", "warm"])
async def test_an_exchange_leaves_nothing_for_the_collector(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch, connection: str
) -> None:
    """The collector stands still for as long as streams are open, so what it would find would pile up."""
    builder: list[weakref.ref[object]] = []

    class Watched(CaptureBuilder):
        __slots__ = ("__weakref__",)

        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            builder.append(weakref.ref(self))

    monkeypatch.setattr("probe.wire.call.CaptureBuilder", Watched)
    with serving(answers(CHUNKED_HEAD, chunk(b"x"), LAST_CHUNK, gap_seconds=0.01)) as server:
        gc.disable()
        try:
            for _ in range(3):
                await wire.exchange(ask(server, connection=connection))
            await asyncio.sleep(0)
            assert [reference() for reference in builder] == [None] * 3
        finally:
            gc.enable()


# Sockets ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["epoll", "readers"])
def poller_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    kind: str = request.param
    if kind == "readers":
        monkeypatch.delattr("select.epoll")
    return kind


async def test_exchanges_run_with_and_without_epoll(poller_kind: str) -> None:
    wire = LocalWire()
    with serving(answers(response(b"x"))) as server:
        for connection in ("cold", "warm", "warm"):
            assert (await wire.exchange(ask(server, connection=connection))).failure is None
        await wire.aclose()
    assert len(server.peers) == 2


def test_a_loop_that_waits_on_the_streams_does_all_that_loops_do() -> None:
    poller = Poller()

    async def run(server: RawServer) -> None:
        wire = LocalWire(poller)
        streams = [asyncio.create_task(wire.exchange(ask(server))) for _ in range(5)]
        ticks = 0
        while not all(stream.done() for stream in streams):
            await asyncio.sleep(0.005)
            ticks += 1
        assert ticks > 3
        assert [read_response(stream.result()).body for stream in streams] == [b"x" * 10] * 5
        assert await asyncio.to_thread(lambda: 1) == 1
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.readuntil(LAST_CHUNK)).count(chunk(b"x")) == 10
        writer.close()
        await writer.wait_closed()
        await wire.aclose()

    def new_loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(StreamSelector(poller))

    script = answers(CHUNKED_HEAD, *[chunk(b"x")] * 10, LAST_CHUNK, gap_seconds=0.005)
    with serving(script) as server, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run(server))


async def test_a_removed_socket_is_not_called_for_in_the_same_look() -> None:
    poller = Poller()
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def first_come(own: int, other: int) -> bool:
        called.append(own)
        poller.remove(own)
        poller.remove(other)
        return False

    left, right = pairs[0][0].fileno(), pairs[1][0].fileno()
    poller.add(left, lambda: first_come(left, right))
    poller.add(right, lambda: first_come(right, left))
    for _, far in pairs:
        far.send(b"x")
    poller.look()
    assert len(called) == 1
    poller.remove(left)
    poller.close()
    for pair in pairs:
        for sock in pair:
            sock.close()


async def test_a_wait_lasts_until_a_stream_needs_the_loop() -> None:
    poller = Poller()
    near, far = socket.socketpair()
    seen = b""

    def take() -> bool:
        nonlocal seen
        seen += near.recv(1)
        return seen.endswith(b"!")

    poller.add(near.fileno(), take)
    far.send(b"ab!c")
    assert not poller.wait(None)
    assert seen == b"ab!"
    assert not poller.wait(0)
    assert not poller.wait(0.001)
    assert seen == b"ab!c"
    poller.close()
    near.close()
    far.close()
