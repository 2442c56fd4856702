"""One exchange over real sockets: what is kept, how it ends, and what struck."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from typing import Any

import pytest

from probe.wire.builder import CaptureBuilder
from probe.wire.capture import REDACTED, WireFailure
from probe.wire.connection import HttpConnection
from probe.wire.exchange import Exchange
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.poller import Poller
from tests.wire.asking import EVENT, GENEROUS, ask
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, answers, chunk, response, serving


async def test_a_request_goes_out_as_given_and_its_response_comes_back_whole(wire: LocalWire) -> None:
    with serving(answers(response(b"hello", b"X-Request-Id: r1"))) as server:
        request = ask(server, headers=((b"X-Own", b"1"),), planned_monotonic_ns=123)
        capture = await wire.exchange(request)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Own: 1\r\nContent-Length: 15\r\n\r\n"
    assert server.requests == [head + b'{"stream":true}']
    assert capture.failure is None
    assert capture.url == f"http://127.0.0.1:{server.port}/v1/chat/completions"
    assert (capture.request_headers, capture.request_body) == (request.headers, request.body)
    assert capture.received == response(b"hello", b"X-Request-Id: r1")
    assert sum(size for _, size in capture.arrivals) == len(capture.received)
    assert read_response(capture).body == b"hello"
    assert capture.peer_address == f"127.0.0.1:{server.port}"
    assert (capture.http_version, capture.tls_version, capture.planned_ns) == ("HTTP/1.1", None, 123)


async def test_the_phases_follow_one_another(wire: LocalWire) -> None:
    with serving(answers(response(b"hello"))) as server:
        capture = await wire.exchange(ask(server))
    assert (capture.dns_ns, capture.proxied_ns, capture.tls_ns) == (None, None, None)
    instants = [
        capture.clock_start.monotonic_ns,
        capture.started_ns,
        capture.connected_ns,
        capture.send_ns,
        capture.sent_ns,
        capture.arrivals[0].at_ns,
        capture.end_ns,
        capture.clock_end.monotonic_ns,
    ]
    known = [instant for instant in instants if instant is not None]
    assert known == sorted(known)
    assert len(known) == len(instants)
    assert capture.end_ns == capture.arrivals[-1].at_ns


async def test_pieces_that_arrive_apart_are_kept_apart(wire: LocalWire) -> None:
    pieces = (CHUNKED_HEAD, chunk(EVENT)[:20], chunk(EVENT)[20:] + chunk(EVENT), LAST_CHUNK)
    with serving(answers(*pieces, gap_seconds=0.1)) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is None
    assert [size for _, size in capture.arrivals] == [len(piece) for piece in pieces]
    assert read_response(capture).body == EVENT * 2


async def test_interim_responses_are_no_end(wire: LocalWire) -> None:
    with serving(answers(b"HTTP/1.1 103 Early Hints\r\n\r\n", response(b"x"), gap_seconds=0.02)) as server:
        capture = await wire.exchange(ask(server))
    assert (capture.failure, read_response(capture).body) == (None, b"x")


async def test_a_response_to_head_ends_with_its_head(wire: LocalWire) -> None:
    with serving(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as server:
        capture = await wire.exchange(ask(server, method="HEAD", body=b""))
    assert capture.failure is None
    assert read_response(capture).complete


async def test_a_response_without_framing_ends_with_its_connection(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")

    with serving(script) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is None
    assert read_response(capture).complete


async def test_a_cold_connection_is_closed_at_the_end(wire: LocalWire) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b"x"))
        assert peer.until_gone() == b""
        closed.set()

    with serving(script) as server:
        await wire.exchange(ask(server))
        assert await asyncio.to_thread(closed.wait, 20)


async def test_a_large_request_is_sent_whole(wire: LocalWire) -> None:
    body = b"x" * 20_000_000
    with serving(answers(response(b"ok"))) as server:
        capture = await wire.exchange(ask(server, body=body))
    assert capture.failure is None
    assert server.requests[0].endswith(b"\r\n\r\n" + body)
    assert capture.send_ns is not None
    assert capture.sent_ns is not None
    assert capture.send_ns < capture.sent_ns < capture.arrivals[0].at_ns


async def test_an_answer_before_the_request_is_sent_counts(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.socket.recv(100)
        peer.send(response(b"too long", status=b"413 Content Too Large"))
        peer.socket.recv(100)

    with serving(script) as server:
        capture = await wire.exchange(ask(server, body=b"x" * 50_000_000))
    assert (read_response(capture).status, read_response(capture).body) == (413, b"too long")
    assert capture.failure is None
    assert capture.sent_ns is None


# Failures -------------------------------------------------------------------------------------------------


async def test_a_reset_in_the_stream_keeps_what_came_before(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD + chunk(EVENT))
        peer.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.socket.recv(1)
        peer.reset()

    with serving(script) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure == WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")
    assert read_response(capture).body == EVENT
    assert not read_response(capture).complete


async def test_a_close_in_the_stream_keeps_what_came_before(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD + chunk(EVENT))

    with serving(script) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "closed")
    assert read_response(capture).body == EVENT


async def test_a_close_without_a_response(wire: LocalWire) -> None:
    with serving(Peer.request) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("head", "closed")
    assert capture.received == b""


async def test_a_connection_that_is_torn_down_before_the_request() -> None:
    poller = Poller()
    poller.attach(asyncio.get_running_loop())
    with serving(Peer.reset) as server:
        sock = socket.create_connection((server.host, server.port))
        sock.setblocking(False)
        await asyncio.to_thread(select.select, [sock], [], [], 20)
        connection, builder = HttpConnection(sock), CaptureBuilder(ask(server))
        await Exchange(connection, builder, poller).run(b"GET / HTTP/1.1\r\n\r\n")
        connection.close()
    poller.close()
    assert builder.failure == WireFailure(phase="send", reason="reset", detail="Connection reset by peer")
    assert builder.sent_ns is None


async def test_what_is_no_http_is_kept_and_named(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"220 mail.example ESMTP\r\n")
        peer.until_gone()

    with serving(script) as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("head", "protocol")
    assert capture.received == b"220 mail.example ESMTP\r\n"


async def test_an_endless_stream_is_cut_at_the_limit(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        while True:
            peer.send(chunk(EVENT) * 100)

    with serving(script) as server:
        capture = await wire.exchange(ask(server, max_response_bytes=100_000))
    assert capture.failure == WireFailure(
        phase="stream", reason="too_large", detail="the response is larger than 100000 bytes"
    )
    assert len(capture.received) == 100_000
    assert sum(size for _, size in capture.arrivals) == 100_000


async def test_pieces_without_end_are_cut_too(wire: LocalWire) -> None:
    """Each costs memory, however small it is."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.socket.sendall(CHUNKED_HEAD + b"ffffff\r\n")
        while True:
            peer.socket.sendall(b"x")

    with serving(script) as server:
        capture = await wire.exchange(ask(server, max_response_bytes=64_000))
    assert capture.failure is not None
    assert capture.failure.reason == "too_large"
    assert len(capture.arrivals) < 5000


# Requests that cannot be written down ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PO ST"},
        {"target": "/a b"},
        {"target": "/\r\nX: 1"},
        {"host": ""},
        {"host": "a b"},
        {"host": ".example"},
        {"port": 0},
        {"port": 70000},
        {"headers": ((b"X", b"a\r\nY: b"),)},
        {"headers": ((b"X:", b"a"),)},
    ],
)
async def test_what_http_cannot_carry_is_refused(wire: LocalWire, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        await wire.exchange(ask(**changes))


async def test_many_exchanges_at_once_do_not_mix(wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        own = peer.request().partition(b"\r\n\r\n")[2]
        peer.send(CHUNKED_HEAD)
        for _ in range(5):
            peer.send(chunk(own))
            time.sleep(0.01)
        peer.send(LAST_CHUNK)

    with serving(script) as server:
        captures = await asyncio.gather(
            *(wire.exchange(ask(server, body=b"%03d" % n, deadlines=GENEROUS)) for n in range(60))
        )
    assert [read_response(capture).body for capture in captures] == [b"%03d" % n * 5 for n in range(60)]


async def test_credentials_do_not_enter_the_capture(wire: LocalWire) -> None:
    key = b"sk-very-secret-123"

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(
            response(
                b'{"error":"Incorrect API key provided: sk-very-secret-123."}',
                b"Set-Cookie: __cf_bm=abc; path=/",
                status=b"401 Unauthorized",
            )
        )

    with serving(script) as server:
        capture = await wire.exchange(
            ask(server, headers=((b"Authorization", b"Bearer " + key),), target="/v1?api_key=abcdef&x=1")
        )
    assert b"Authorization: Bearer sk-very-secret-123" in server.requests[0]
    assert b"/v1?api_key=abcdef&x=1" in server.requests[0]
    assert dict(capture.request_headers)[b"Authorization"] == REDACTED
    assert capture.url.endswith("/v1?api_key=[redacted]&x=1")
    assert key not in capture.received
    assert b"__cf_bm" not in capture.received
    assert read_response(capture).body == b'{"error":"Incorrect API key provided: ******************."}'
    assert read_response(capture).complete
