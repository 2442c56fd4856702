"""Through an HTTP proxy: a tunnel for https, the absolute form for http."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress

import pytest

from probe.wire.faults import WireError
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.proxy import parse_proxy
from probe.wire.request import Deadlines
from tests.servers.ports import free_port
from tests.wire.asking import ask
from tests.wire.conftest import Authority
from tests.wire.raw_server import Peer, answers, response, serving


def tunnelling(peer: Peer) -> None:
    """What a proxy does: CONNECT, then bytes in both directions."""
    authority = peer.request().split(b" ")[1].decode()
    host, _, port = authority.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
        back = threading.Thread(target=_copy, args=(upstream, peer.socket), daemon=True)
        back.start()
        _copy(peer.socket, upstream)
        back.join(20)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


async def test_https_goes_through_a_tunnel(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("localhost")
    with serving(answers(response(b"x")), tls=tls) as server, serving(tunnelling) as proxy:
        capture = await wire.exchange(
            ask(
                server,
                host="localhost",
                ca_file=authority.ca_file,
                proxy=f"http://us%40er:s%3Acret@127.0.0.1:{proxy.port}",
            )
        )
    assert capture.failure is None
    assert read_response(capture).body == b"x"
    credentials = base64.b64encode(b"us@er:s:cret")
    assert proxy.requests == [
        f"CONNECT localhost:{server.port} HTTP/1.1\r\nHost: localhost:{server.port}\r\n".encode()
        + b"Proxy-Authorization: Basic "
        + credentials
        + b"\r\n\r\n"
    ]
    assert b"Proxy-Authorization" not in server.requests[0]
    assert capture.proxy == f"http://127.0.0.1:{proxy.port}"
    assert capture.peer_address == f"127.0.0.1:{proxy.port}"
    assert capture.connected_ns is not None
    assert capture.proxied_ns is not None
    assert capture.tls_ns is not None
    assert capture.connected_ns < capture.proxied_ns < capture.tls_ns


async def test_http_is_given_to_the_proxy_itself(wire: LocalWire) -> None:
    with serving(answers(response(b"x"))) as proxy:
        capture = await wire.exchange(
            ask(host="upstream.example", port=8080, proxy=f"http://user:pw@127.0.0.1:{proxy.port}")
        )
    line, *headers = proxy.requests[0].split(b"\r\n")
    assert line == b"POST http://upstream.example:8080/v1/chat/completions HTTP/1.1"
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:pw") in headers
    assert (capture.failure, capture.proxied_ns) == (None, None)
    assert capture.url == "http://upstream.example:8080/v1/chat/completions"
    assert not any(name.lower() == b"proxy-authorization" for name, _ in capture.request_headers)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
            "the proxy answered CONNECT with 403 Forbidden",
        ),
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "the proxy answered CONNECT with 407 Proxy Authentication Required",
        ),
        (b"", "the proxy ended the connection instead of answering CONNECT"),
        (b"nonsense\r\n\r\n", "the proxy's answer to CONNECT is not HTTP/1.1: Expected HTTP/, RTSP/ or ICE/"),
        (b"HTTP/1.1 200 OK\r\n\r\nand more", "the proxy sent more than an answer to CONNECT"),
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
            "the proxy ended the connection instead of answering CONNECT",
        ),
    ],
)
async def test_a_proxy_that_will_not(wire: LocalWire, answer: bytes, detail: str) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)

    with serving(script) as proxy:
        capture = await wire.exchange(ask(scheme="https", proxy=f"http://127.0.0.1:{proxy.port}"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("proxy", "proxy")
    assert capture.failure.detail == detail
    assert (capture.proxied_ns, capture.tls_ns) == (None, None)


async def test_a_proxy_that_does_not_answer(wire: LocalWire) -> None:
    deadlines = Deadlines(connect=0.15, first_token=20, stall=20, total=40)
    with serving(Peer.until_gone) as proxy:
        capture = await wire.exchange(
            ask(scheme="https", proxy=f"http://127.0.0.1:{proxy.port}", deadlines=deadlines)
        )
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("proxy", "timeout")


async def test_a_proxy_that_is_not_there(wire: LocalWire) -> None:
    capture = await wire.exchange(ask(proxy=f"http://user:pw@127.0.0.1:{free_port()}"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("connect", "proxy")
    assert capture.failure.detail == "the proxy cannot be reached: Connection refused"
    assert capture.proxy is not None
    assert "pw" not in capture.proxy


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:3128", "http://", "http://h:port", ""]
)
async def test_what_is_no_proxy(wire: LocalWire, url: str) -> None:
    capture = await wire.exchange(ask(proxy=url))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("start", "proxy")


def test_a_proxys_port_is_80_unless_it_says_otherwise() -> None:
    assert parse_proxy("http://proxy.example").port == 80
    assert parse_proxy("http://[::1]:3128/").host == "::1"


def test_a_proxys_password_is_not_shown() -> None:
    assert "cGFzcw" not in repr(parse_proxy("http://user:pass@proxy.example"))
    with pytest.raises(WireError) as caught:
        parse_proxy("http://user:pass@proxy.example:x")
    assert "pass" not in caught.value.detail.replace("password", "")
