"""Whatever comes in, from providers or from clients of the pages: the daemon lives and stays small."""

from __future__ import annotations

import gzip
import random
import re
import socket
from typing import Any, NamedTuple

import psutil
import pytest

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator
from tests.wire.raw_server import CHUNKED_HEAD, Peer, serving

MB = 1024 * 1024
# The largest response that is kept, several times over, beside what the daemon needs anyway.
LARGEST_RSS = 600 * MB
ROUNDS = 3

NOISE = random.Random(10).randbytes(10 * MB)
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
PACKED = STREAM.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")
SCRIPT = b"<script>alert(1)</script>"


class Nasty(NamedTuple):
    """Bytes to answer with, and what to repeat after them until the client has had enough."""

    kind: str
    answer: bytes
    forever: bytes = b""


ANSWERS = {
    "noise": Nasty("protocol", NOISE),
    "noise-in-a-stream": Nasty("too_large", STREAM + NOISE),
    "one-line": Nasty("too_large", STREAM + b"data: " + b"x" * 10 * MB + b"\n\n"),
    "nested": Nasty("too_large", STREAM + b"data: " + b"[" * 10 * MB + b"\n\n"),
    "many-events": Nasty("too_large", STREAM + b"data: {}\n\n" * 300_000),
    "packed": Nasty("protocol", PACKED + gzip.compress(bytes(50 * MB))),
    "huge-error": Nasty("server_error", b"HTTP/1.1 500 No\r\n\r\n" + (SCRIPT + b"\x1b[31m") * 300_000),
    "long-error": Nasty(
        "bad_request", b'HTTP/1.1 400 No\r\n\r\n{"error": {"message": "' + SCRIPT * 100_000 + b'"}}'
    ),
    "headers": Nasty("protocol", b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 10_000),
    "header": Nasty("protocol", b"HTTP/1.1 200 OK\r\nx: ", b"y" * 60_000),
    "interim": Nasty("protocol", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
    "body": Nasty("too_large", STREAM, bytes(60_000)),
    "huge-chunk": Nasty("too_large", CHUNKED_HEAD + b"ffffffffffffffff\r\n", b"y" * 60_000),
    "negative": Nasty("protocol", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
}


def _answer(peer: Peer) -> None:
    model = re.search(rb'"model":\s*"([^"]+)"', peer.request())
    assert model is not None
    nasty = ANSWERS[model[1].decode()]
    peer.send(nasty.answer)
    while nasty.forever:
        peer.send(nasty.forever)


def test_any_answer_of_a_provider_ends_in_an_outcome(start_daemon: StartDaemon) -> None:
    with serving(_answer) as server:
        provider = {
            "base_url": f"http://127.0.0.1:{server.port}/v1",
            "kind": "simulated",
            "concurrency": 1,
        }
        daemon = start_daemon(
            {
                "providers": {"nasty": provider},
                "targets": [{"provider": "nasty", "name": name, "model": name} for name in ANSWERS],
            }
        )
        sizes = []
        for _ in range(ROUNDS):
            run = daemon.finished(daemon.trigger("mystery-shopper"))
            results = {each["target"]["name"]: each for each in daemon.results(run_id=run["id"])}
            kinds = {name: each["failure"]["kind"] for name, each in results.items()}
            assert kinds == {name: nasty.kind for name, nasty in ANSWERS.items()}
            sizes.append(_rss(daemon))

    assert max(sizes) < LARGEST_RSS, sizes
    assert sizes[-1] < 1.75 * sizes[0], sizes
    _shows_little_of_it(daemon, results)


def _shows_little_of_it(daemon: RunningDaemon, results: dict[str, dict[str, Any]]) -> None:
    for name, each in results.items():
        detail = each["failure"]["detail"]
        assert 0 < len(detail) < 1000, name
        assert detail.isprintable(), name
    assert SCRIPT.decode() not in daemon.client.get("/").text
    assert "\x1b" not in daemon.log
    assert "Traceback" not in daemon.log


@pytest.fixture
def daemon(start_daemon: StartDaemon, simulator: RunningSimulator) -> RunningDaemon:
    return start_daemon(
        {
            "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
            "targets": [{"provider": "sim", "name": "one", "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"}],
        }
    )


def _request(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, "Host: localhost", "Connection: close", *headers, "", ""]).encode("latin-1")


REQUESTS = {
    b"\x00\xff nonsense\r\n\r\n": 400,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,  # the start of TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n": 421,
    _request("FROBNICATE / HTTP/1.1"): 400,
    _request("CONNECT example.org:443 HTTP/1.1"): 400,
    _request("GET http://[::1 HTTP/1.1"): 400,
    _request("GET /%ff%00/../../etc/passwd HTTP/1.1"): 404,
    _request(f"GET /{'x' * 50_000} HTTP/1.1"): 404,
    _request("GET /api/v1/results/%00 HTTP/1.1"): 422,
    _request("GET /api/v1/results?cursor=%00%ff HTTP/1.1"): 422,
    _request("DELETE /api/v1/runs HTTP/1.1"): 405,
    _request("GET / HTTP/1.1", "Upgrade: websocket", "Connection: upgrade"): 200,
    _request("GET / HTTP/1.1", f"X: {'y' * 50_000}"): 200,
    _request("POST /api/v1/runs HTTP/1.1", "Content-Length: -5"): 400,
    _request("POST /api/v1/runs HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"): 400,
    _request("POST /api/v1/runs HTTP/1.1", "Content-Length: 99999999999999999999999"): 400,
    _request("POST /api/v1/runs HTTP/1.1", "Content-Length: 1000000000"): 413,
    _request("POST /api/v1/runs HTTP/1.1", "Transfer-Encoding: chunked"): 413,
}
HEADS_WITHOUT_END = {
    "line": (b"GET /", b"x" * MB),
    "header": (b"GET / HTTP/1.1\r\nX: ", b"x" * MB),
    "headers": (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 100_000),
    "line breaks": (b"", b"\r\n" * MB),
}


def test_any_request_is_answered(daemon: RunningDaemon) -> None:
    statuses = {request: _status(daemon, request) for request in REQUESTS}
    assert statuses == REQUESTS

    before = _rss(daemon)
    for begin, piece in HEADS_WITHOUT_END.values():
        assert _sent_until_refused(daemon, begin, piece) < 20 * MB
    assert _rss(daemon) < before + 20 * MB

    assert daemon.get("/readyz")["ready"]
    run = daemon.finished(daemon.trigger("quick"))
    assert run["successes"] == run["attempts"] > 0
    assert "Traceback" not in daemon.log


def _connected(daemon: RunningDaemon) -> socket.socket:
    port = daemon.client.base_url.port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def _status(daemon: RunningDaemon, request: bytes) -> int:
    with _connected(daemon) as connection:
        connection.sendall(request)
        line = connection.makefile("rb").readline()
    return int(line.split()[1])


def _sent_until_refused(daemon: RunningDaemon, begin: bytes, piece: bytes) -> int:
    """How many bytes went out before the daemon closed the connection; at most 50 MB."""
    sent = 0
    with _connected(daemon) as connection:
        try:
            connection.sendall(begin)
            while sent < 50 * MB:
                connection.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass
    return sent


def _rss(daemon: RunningDaemon) -> int:
    """Of the daemon and its stopwatch, in bytes."""
    process = psutil.Process(daemon.process.pid)
    found: int = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    return found
