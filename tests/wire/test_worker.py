"""The inside of the stopwatch process, over a socket of the test's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from probe.wire import frames
from probe.wire.capture import Capture
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.request import WireRequest
from probe.wire.worker import serve_channel
from tests.wire.asking import ask
from tests.wire.raw_server import Peer, answers, response, serving
from tests.wire.waiting import until

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def working() -> AsyncIterator[Ends]:
    ours, theirs = socket.socketpair()
    worker = asyncio.create_task(serve_channel(theirs))
    reader, writer = await asyncio.open_connection(sock=ours)
    assert isinstance(await report(reader), frames.Ready)
    yield reader, writer
    writer.close()
    await writer.wait_closed()
    await worker


async def report(reader: asyncio.StreamReader) -> frames.Report | None:
    payload = await frames.read(reader)
    return None if payload is None else frames.reports.decode(payload)


async def test_each_order_is_answered_by_its_number() -> None:
    with serving(answers(response(b"x"))) as server:
        async with working() as (reader, writer):
            for number in (7, 3):
                frames.write(writer, frames.Begin(number, ask(server)))
            reports = [await report(reader), await report(reader)]
    finished = {r.number: r.capture for r in reports if isinstance(r, frames.Finished)}
    assert set(finished) == {7, 3}
    assert all(read_response(capture).body == b"x" for capture in finished.values())


async def test_a_cancelled_order_is_not_answered() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.until_gone()

    with serving(script) as silent, serving(answers(response(b"x"))) as server:
        async with working() as (reader, writer):
            frames.write(writer, frames.Begin(1, ask(silent)))
            await until(lambda: silent.requests)
            frames.write(writer, frames.Cancel(1))
            frames.write(writer, frames.Cancel(99))
            frames.write(writer, frames.Begin(2, ask(server)))
            answer = await report(reader)
    assert isinstance(answer, frames.Finished)
    assert answer.number == 2


async def test_the_end_of_the_orders_gives_back_what_is_open() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.until_gone()

    with serving(script) as server:
        async with working() as (reader, writer):
            frames.write(writer, frames.Begin(1, ask(server)))
            await until(lambda: server.requests)
            writer.write_eof()
            answer = await report(reader)
            assert await report(reader) is None
    assert isinstance(answer, frames.Finished)
    assert answer.capture.failure is not None
    assert answer.capture.failure.reason == "cancelled"


async def test_one_that_breaks_it_takes_no_other_along(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = LocalWire.exchange

    async def exchange(self: LocalWire, request: WireRequest) -> Capture:
        if request.method == "BREAK":
            raise RuntimeError(request.body)
        return await real(self, request)

    monkeypatch.setattr(LocalWire, "exchange", exchange)
    with serving(answers(response(b"x"))) as server:
        async with working() as (reader, writer):
            frames.write(writer, frames.Begin(1, ask(server, method="BREAK", body=b"sk-secret")))
            broken = await report(reader)
            frames.write(writer, frames.Begin(2, ask(server)))
            sound = await report(reader)
    assert isinstance(broken, frames.Finished)
    assert isinstance(sound, frames.Finished)
    assert broken.capture.failure is not None
    assert broken.capture.failure.reason == "probe"
    assert broken.capture.failure.detail == "RuntimeError in the stopwatch"
    assert sound.capture.failure is None
    trace = capfd.readouterr().err
    assert "in exchange" in trace
    assert "sk-secret" not in trace


@pytest.mark.parametrize("tail", [b"", b"\x00", b"\x00\x00\x00\x09abc"])
async def test_a_stream_may_end_anywhere(tail: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(tail)
    reader.feed_eof()
    assert await frames.read(reader) is None
