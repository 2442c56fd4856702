"""Warm connections: opened before the clock starts, kept, checked; cold ones never."""

from __future__ import annotations

import asyncio
import threading

import pytest

from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from tests.servers.ports import free_port
from tests.wire.asking import ask
from tests.wire.conftest import Authority
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, answers, chunk, response, serving

EVENT = b"data: x\n\n"


async def test_a_warm_exchange_has_no_phases_of_a_connection(wire: LocalWire) -> None:
    with serving(answers(response(b"x"))) as server:
        captures = [await wire.exchange(ask(server, connection="warm", host="localhost")) for _ in range(3)]
    assert len(server.peers) == 1
    assert len(server.requests) == 3
    for capture in captures:
        assert capture.reused
        assert capture.failure is None
        assert (capture.dns_ns, capture.connected_ns, capture.tls_ns) == (None, None, None)
        assert capture.send_ns is not None
        assert capture.clock_start.monotonic_ns <= capture.started_ns <= capture.send_ns
        assert read_response(capture).body == b"x"


async def test_a_warm_exchange_over_tls(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("127.0.0.1")
    with serving(answers(CHUNKED_HEAD, chunk(EVENT), LAST_CHUNK), tls=tls) as server:
        for _ in range(3):
            capture = await wire.exchange(ask(server, connection="warm", ca_file=authority.ca_file))
            assert (capture.failure, capture.reused, capture.tls_ns) == (None, True, None)
            assert capture.tls_version == "TLSv1.3"
    assert len(server.peers) == 1


async def test_a_cold_exchange_neither_takes_nor_leaves_a_connection(wire: LocalWire) -> None:
    with serving(answers(response(b"x"))) as server:
        kinds = ("cold", "cold", "warm", "cold", "warm")
        captures = [await wire.exchange(ask(server, connection=kind)) for kind in kinds]
    assert [capture.reused for capture in captures] == [kind == "warm" for kind in kinds]
    assert len(server.peers) == 4


async def test_a_failed_warm_connection_says_where_it_failed(wire: LocalWire) -> None:
    capture = await wire.exchange(ask(port=free_port(), connection="warm"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason, capture.reused) == ("connect", "refused", False)


async def test_connections_are_kept_apart_by_what_they_lead_to(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("127.0.0.1", "localhost")
    with serving(answers(response(b"x"))) as plain, serving(answers(response(b"x")), tls=tls) as secure:
        for request in (
            ask(plain, connection="warm"),
            ask(plain, connection="warm", host="localhost"),
            ask(plain, connection="warm", proxy=f"http://127.0.0.1:{plain.port}"),
            ask(secure, connection="warm", ca_file=authority.ca_file),
            ask(secure, connection="warm", ca_file=authority.ca_file, host="localhost"),
        ):
            assert (await wire.exchange(request)).failure is None
    assert (len(plain.peers), len(secure.peers)) == (3, 2)


@pytest.mark.parametrize(
    "answer",
    [
        response(b"x", b"Connection: close"),
        response(b"x") + b"surplus",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ],
)
async def test_a_connection_that_cannot_carry_more_is_not_kept(wire: LocalWire, answer: bytes) -> None:
    with serving(answers(answer)) as server:
        for _ in range(2):
            assert (await wire.exchange(ask(server, connection="warm"))).failure is None
    assert len(server.peers) == 2


async def test_a_failed_exchange_leaves_no_connection(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        peer.until_gone()

    deadlines = Deadlines(connect=20, first_token=20, stall=0.1, total=40)
    with serving(script) as server:
        for _ in range(2):
            capture = await wire.exchange(ask(server, connection="warm", deadlines=deadlines))
            assert capture.failure is not None
    assert len(server.peers) == 2


@pytest.mark.parametrize("surplus", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_that_its_server_ends_is_not_used_again(wire: LocalWire, surplus: bytes) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b"%d" % peer.number))
        if peer.number == 0:
            peer.send(surplus)
            peer.socket.shutdown(2)
            closed.set()
        else:
            peer.until_gone()

    with serving(script) as server:
        await wire.exchange(ask(server, connection="warm"))
        assert await asyncio.to_thread(closed.wait, 20)
        capture = await wire.exchange(ask(server, connection="warm"))
    assert (capture.failure, read_response(capture).body) == (None, b"1")


async def test_a_kept_connection_is_dropped_as_soon_as_its_server_ends_it(wire: LocalWire) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b"x"))
        peer.socket.shutdown(1)
        peer.until_gone()
        gone.set()

    with serving(script) as server:
        await wire.exchange(ask(server, connection="warm"))
        assert await asyncio.to_thread(gone.wait, 20)


async def test_a_connection_that_dies_under_the_request_is_a_failure_not_a_retry(
    wire: LocalWire,
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b"x"))
        peer.request()

    with serving(script) as server:
        await wire.exchange(ask(server, connection="warm"))
        capture = await wire.exchange(ask(server, connection="warm"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("head", "closed")
    assert capture.failure.detail == "the server closed the standing connection before it answered"
    assert (capture.reused, len(server.peers), len(server.requests)) == (True, 1, 2)


async def test_exchanges_at_once_have_a_connection_each_and_keep_them_all(wire: LocalWire) -> None:
    with serving(answers(CHUNKED_HEAD, LAST_CHUNK, gap_seconds=0.05)) as server:
        for _ in range(2):
            await asyncio.gather(*(wire.exchange(ask(server, connection="warm")) for _ in range(8)))
    assert len(server.peers) == 8
    assert len(server.requests) == 16


async def test_of_too_many_idle_connections_the_oldest_goes(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.wire.pool._MOST_IDLE", 1)
    gone = threading.Event()

    def script(peer: Peer) -> None:
        while peer.request():
            peer.send(response(b"x"))
        gone.set()

    with serving(script) as first, serving(answers(response(b"x"))) as second:
        await wire.exchange(ask(first, connection="warm"))
        await wire.exchange(ask(second, connection="warm"))
        assert await asyncio.to_thread(gone.wait, 20)
        await wire.exchange(ask(second, connection="warm"))
    assert len(second.peers) == 1


async def test_what_is_kept_is_closed_with_the_wire(authority: Authority) -> None:
    ended = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        while peer.request():
            peer.send(response(b"x"))
        ended.release()

    wire = LocalWire()
    tls = authority.server_context("127.0.0.1")
    with serving(script) as plain, serving(script, tls=tls) as secure:
        await wire.exchange(ask(plain, connection="warm"))
        await wire.exchange(ask(secure, connection="warm", ca_file=authority.ca_file))
        await wire.aclose()
        assert await asyncio.to_thread(ended.acquire, timeout=20)
        assert await asyncio.to_thread(ended.acquire, timeout=20)
