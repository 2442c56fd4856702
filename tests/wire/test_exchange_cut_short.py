"""Exchanges that a deadline, or whoever asked, cuts short."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from probe.errors import StopwatchError
from probe.wire.capture import Phase, WireFailure
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from tests.wire.asking import EVENT, ask
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, Script, answers, chunk, serving
from tests.wire.waiting import until


def stalling(*pieces: bytes, done: threading.Event | None = None) -> Script:
    """Sends the pieces and then nothing, until the client leaves."""

    def script(peer: Peer) -> None:
        peer.request()
        for piece in pieces:
            peer.send(piece)
        peer.until_gone()
        if done is not None:
            done.set()

    return script


@pytest.mark.parametrize(
    ("pieces", "pattern", "phase"),
    [
        ((), None, "head"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n",), None, "head"),
        ((CHUNKED_HEAD,), None, "first_token"),
        ((CHUNKED_HEAD + chunk(b": OPENROUTER PROCESSING\n\n"),), rb'"content":"[^"]', "first_token"),
        ((CHUNKED_HEAD + chunk(b'data: {"content":""}\n\n'),), rb'"content":"[^"]', "first_token"),
    ],
)
async def test_no_output_in_time(
    wire: LocalWire, pieces: tuple[bytes, ...], pattern: bytes | None, phase: Phase
) -> None:
    deadlines = Deadlines(connect=20, first_token=0.15, stall=20, total=40)
    with serving(stalling(*pieces)) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines, output_pattern=pattern))
    assert capture.failure == WireFailure(
        phase=phase, reason="timeout", detail="no output within 0.15 s", deadline="first_token"
    )
    assert capture.received == b"".join(pieces)


async def test_output_in_time_disarms_the_first_deadline(wire: LocalWire) -> None:
    # The pattern matches across the border of two chunks, so it must be looked for in the decoded body.
    pieces = (CHUNKED_HEAD, chunk(EVENT[:30]) + chunk(EVENT[30:]), LAST_CHUNK)
    deadlines = Deadlines(connect=20, first_token=0.2, stall=20, total=40)
    pattern = rb'"content":"x"'
    assert pattern not in b"".join(pieces)
    with serving(answers(*pieces, gap_seconds=0.15)) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines, output_pattern=pattern))
    assert capture.failure is None


async def test_a_stall_in_the_stream(wire: LocalWire) -> None:
    deadlines = Deadlines(connect=20, first_token=20, stall=0.15, total=40)
    with serving(stalling(CHUNKED_HEAD, chunk(EVENT))) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines))
    assert capture.failure == WireFailure(
        phase="stream", reason="timeout", detail="nothing more was received for 0.15 s", deadline="stall"
    )
    assert read_response(capture).body == EVENT


async def test_pieces_shorter_apart_than_the_stall_keep_a_stream_alive(wire: LocalWire) -> None:
    deadlines = Deadlines(connect=20, first_token=20, stall=0.5, total=40)
    pieces = (CHUNKED_HEAD, *[chunk(EVENT)] * 7, LAST_CHUNK)
    with serving(answers(*pieces, gap_seconds=0.1)) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines))
    assert capture.failure is None


async def test_the_total_strikes_in_a_lively_stream(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        while True:
            peer.send(chunk(EVENT))
            time.sleep(0.01)

    deadlines = Deadlines(connect=20, first_token=20, stall=20, total=0.3)
    with serving(script) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines))
    assert capture.failure == WireFailure(
        phase="stream", reason="timeout", detail="the response was not whole within 0.3 s", deadline="total"
    )


async def test_a_request_that_is_not_taken_runs_into_the_total(wire: LocalWire) -> None:
    deadlines = Deadlines(connect=20, first_token=20, stall=20, total=2)
    release = threading.Event()
    with serving(lambda _: release.wait(20)) as server:
        capture = await wire.exchange(ask(server, deadlines=deadlines, body=b"x" * 50_000_000))
        release.set()
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("send", "timeout")
    assert capture.sent_ns is None


async def test_a_cancelled_caller_leaves_no_connection(wire: LocalWire) -> None:
    gone = threading.Event()
    with serving(stalling(CHUNKED_HEAD, done=gone)) as server:
        task = asyncio.create_task(wire.exchange(ask(server)))
        await until(lambda: server.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(gone.wait, 20)


async def test_closing_gives_open_exchanges_back_as_cancelled() -> None:
    wire = LocalWire()
    with serving(stalling(CHUNKED_HEAD, chunk(EVENT))) as server:
        task = asyncio.create_task(wire.exchange(ask(server)))
        await until(lambda: server.peers and len(server.peers[0].sent) == 2)
        await wire.aclose()
        capture = await task
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "cancelled")
    assert read_response(capture).body == EVENT


async def test_closing_reaches_an_exchange_that_still_connects(full_listener: socket.socket) -> None:
    wire = LocalWire()
    host, port = full_listener.getsockname()
    task = asyncio.create_task(wire.exchange(ask(host=host, port=port)))
    await asyncio.sleep(0.05)
    await wire.aclose()
    capture = await task
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("connect", "cancelled")


async def test_a_closed_wire_refuses_work() -> None:
    wire = LocalWire()
    await wire.aclose()
    await wire.aclose()
    with pytest.raises(StopwatchError):
        await wire.exchange(ask())
