"""Requests whose head does not end: neither memory nor a connection is kept for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from probe.api.server import LARGEST_HEAD_BYTES, ApiServer, BoundedConnection

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("here")(scope, receive, send)


async def told(server: ApiServer, *pieces: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /", b"x" * 1024),
        (GET + b"X: ", b"y" * 1024),
        (GET, b"x: y\r\n" * 170),
        (b"", b"\r\n" * 512),
    ],
)
async def test_a_head_that_grows_too_large_is_refused(begin: bytes, piece: bytes) -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        answer = await told(server, begin, piece * (LARGEST_HEAD_BYTES // len(piece) + 1))
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answer.endswith(b"A request's head has at most 65536 bytes here.")


async def test_a_large_head_is_answered() -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        large = b"X: " + b"y" * (LARGEST_HEAD_BYTES - 200) + b"\r\n"
        # Each request has a bound of its own.
        answer = await told(server, GET, large, b"\r\n", GET, large, b"Connection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize("begin", [b"", GET])
async def test_a_head_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.05)
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        assert await told(server, begin) == b""


async def test_an_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.05)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await app(scope, receive, send)

    async with await ApiServer.start(slow, "127.0.0.1", 0) as server:
        answer = await told(server, GET + b"\r\n", GET + b"Connection: close\r\n", b"\r\n")
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
