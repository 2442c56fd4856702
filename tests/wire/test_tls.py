"""TLS with certificates that are right, wrong and missing."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from probe.wire.tls import build_context
from tests.wire.asking import ask
from tests.wire.conftest import Authority
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, answers, chunk, response, serving

EVENT = b"data: x\n\n"


async def test_a_verified_exchange(wire: LocalWire, authority: Authority) -> None:
    pieces = (CHUNKED_HEAD, *[chunk(EVENT)] * 5, LAST_CHUNK)
    tls = authority.server_context("localhost")
    with serving(answers(*pieces, gap_seconds=0.05), tls=tls) as server:
        capture = await wire.exchange(ask(server, host="localhost", ca_file=authority.ca_file))
    assert capture.failure is None
    assert capture.url == f"https://localhost:{server.port}/v1/chat/completions"
    assert capture.tls_version == "TLSv1.3"
    assert capture.tls_cipher is not None
    assert capture.stamps == "kernel"
    assert capture.connected_ns is not None
    assert capture.tls_ns is not None
    assert capture.send_ns is not None
    assert capture.connected_ns < capture.tls_ns < capture.send_ns
    assert [size for _, size in capture.arrivals] == [len(piece) for piece in pieces]
    assert read_response(capture).body == EVENT * 5


async def test_the_server_is_told_the_name_and_offered_http_1_1(
    wire: LocalWire, authority: Authority
) -> None:
    names: list[str | None] = []
    tls = authority.server_context("localhost")
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    protocols: list[str | None] = []

    def script(peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        protocols.append(peer.socket.selected_alpn_protocol())
        peer.request()
        peer.send(response(b"x"))

    with serving(script, tls=tls) as server:
        await wire.exchange(ask(server, host="localhost", ca_file=authority.ca_file))
    assert names == ["localhost"]
    assert protocols == ["http/1.1"]


async def test_an_address_in_the_certificate(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("127.0.0.1")
    with serving(answers(response(b"x")), tls=tls) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert read_response(capture).body == b"x"


async def test_tls_1_2(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("127.0.0.1")
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(answers(response(b"x")), tls=tls) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert (capture.failure, capture.tls_version) == (None, "TLSv1.2")


async def test_pieces_of_one_record_have_the_instant_of_its_end(
    wire: LocalWire, authority: Authority
) -> None:
    """A record can be read only when its last byte is there."""
    big = response(b"x" * 200_000)
    with serving(answers(big), tls=authority.server_context("127.0.0.1")) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert capture.received == big
    assert [at for at, _ in capture.arrivals] == sorted(at for at, _ in capture.arrivals)


# Certificates that must be refused ------------------------------------------------------------------------


async def test_a_certificate_for_another_host(wire: LocalWire, authority: Authority) -> None:
    tls = authority.server_context("other.example")
    with serving(answers(response(b"x")), tls=tls) as server:
        capture = await wire.exchange(ask(server, host="localhost", ca_file=authority.ca_file))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("tls", "tls")
    assert "not valid for 'localhost'" in capture.failure.detail
    assert (capture.tls_ns, capture.send_ns, server.requests) == (None, None, [])


async def test_a_certificate_of_an_unknown_authority(
    wire: LocalWire, authority: Authority, other_authority: Authority
) -> None:
    tls = other_authority.server_context("127.0.0.1")
    with serving(answers(response(b"x")), tls=tls) as server:
        for ca_file in (authority.ca_file, None):
            capture = await wire.exchange(ask(server, ca_file=ca_file))
            assert capture.failure is not None
            assert (capture.failure.phase, capture.failure.reason) == ("tls", "tls")
            assert capture.failure.detail.startswith("certificate verify failed: ")
    assert server.requests == []


async def test_a_server_that_speaks_no_tls(wire: LocalWire, authority: Authority) -> None:
    def script(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.until_gone()

    with serving(script) as server:
        capture = await wire.exchange(ask(server, scheme="https", ca_file=authority.ca_file))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("tls", "tls")


async def test_a_server_that_leaves_the_handshake(wire: LocalWire, authority: Authority) -> None:
    with serving(lambda peer: peer.socket.recv(10)) as server:
        capture = await wire.exchange(ask(server, scheme="https", ca_file=authority.ca_file))
    assert capture.failure is not None
    assert capture.failure.phase == "tls"
    assert capture.failure.reason in ("closed", "reset")


async def test_a_handshake_that_stands_still(wire: LocalWire, authority: Authority) -> None:
    deadlines = Deadlines(connect=0.15, first_token=20, stall=20, total=40)
    with serving(Peer.until_gone) as server:
        capture = await wire.exchange(
            ask(server, scheme="https", ca_file=authority.ca_file, deadlines=deadlines)
        )
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("tls", "timeout")


# The end of a stream --------------------------------------------------------------------------------------


async def test_an_end_without_close_notify_is_no_end(wire: LocalWire, authority: Authority) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        peer.socket.shutdown(socket.SHUT_RDWR)

    with serving(script, tls=authority.server_context("127.0.0.1")) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "closed")
    assert read_response(capture).body == b"hello"


async def test_an_end_with_close_notify_is_one(wire: LocalWire, authority: Authority) -> None:
    def script(peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        peer.socket = peer.socket.unwrap()

    with serving(script, tls=authority.server_context("127.0.0.1")) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert (capture.failure, read_response(capture).complete) == (None, True)


async def test_we_say_goodbye(wire: LocalWire, authority: Authority) -> None:
    ended_well = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b"x"))
        # Raises ssl.SSLEOFError where the connection just ends.
        assert peer.socket.recv(1) == b""
        ended_well.set()

    tls = authority.server_context("127.0.0.1")
    with serving(script, tls=tls) as server:
        await wire.exchange(ask(server, ca_file=authority.ca_file))
        assert await asyncio.to_thread(ended_well.wait, 20)


async def test_a_forged_record_breaks_the_stream(wire: LocalWire, authority: Authority) -> None:
    def script(peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        peer.request()
        peer.send(CHUNKED_HEAD + chunk(EVENT))
        raw = socket.socket(fileno=peer.socket.detach())
        raw.setblocking(True)
        peer.socket = raw
        raw.sendall(b"\x17\x03\x03\x00\x20" + b"f" * 32)
        peer.until_gone()

    with serving(script, tls=authority.server_context("127.0.0.1")) as server:
        capture = await wire.exchange(ask(server, ca_file=authority.ca_file))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "tls")
    assert read_response(capture).body == EVENT


# Trust stores ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_ca_file_that_cannot_be_used(wire: LocalWire, tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    capture = await wire.exchange(ask(scheme="https", ca_file=str(ca_file)))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("start", "probe")
    assert str(ca_file) in capture.failure.detail


async def test_a_changed_ca_file_is_read_again(
    wire: LocalWire, authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    shutil.copyfile(authority.ca_file, ca_file)
    tls = other_authority.server_context("127.0.0.1")
    with serving(answers(response(b"x")), tls=tls) as server:
        refused = await wire.exchange(ask(server, ca_file=str(ca_file)))
        shutil.copyfile(other_authority.ca_file, ca_file)
        accepted = await wire.exchange(ask(server, ca_file=str(ca_file)))
    assert refused.failure is not None
    assert refused.failure.reason == "tls"
    assert accepted.failure is None


def test_verification_is_always_on() -> None:
    context = build_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_usual_bundles_stand_in_for_a_missing_store(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    nowhere = SimpleNamespace(cafile=None, capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr("probe.wire.tls._SYSTEM_BUNDLES", ("/nonexistent", authority.ca_file))
    trusted = build_context(None).get_ca_certs(binary_form=True)
    own = ssl.PEM_cert_to_DER_cert(Path(authority.ca_file).read_text())
    assert own in trusted
