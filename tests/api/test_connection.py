"""Clients that keep the server waiting: neither memory nor a connection is kept for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from probe.api import connection as bounds
from probe.api.connection import LARGEST_HEAD_BYTES, MOST_CONNECTIONS, BoundedConnection
from probe.api.server import ApiServer

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"

SIZE = 16 * 1024 * 1024

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse("here")(scope, receive, send)


async def large(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse(b"x" * SIZE)(scope, receive, send)


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


def problem(answer: bytes) -> dict[str, Any]:
    """The body of the last answer, which is a problem."""
    head, _, body = answer.rpartition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"Connection: close" in head.replace(b"connection", b"Connection")
    found: dict[str, Any] = json.loads(body)
    return found


@asynccontextmanager
async def crowd(server: ApiServer, count: int, begin: bytes) -> AsyncIterator[list[Stream]]:
    """So many connections that have sent `begin`."""
    streams = []
    for _ in range(count):
        streams.append(await asyncio.open_connection("127.0.0.1", server.port))
        streams[-1][1].write(begin)
    try:
        yield streams
    finally:
        for _, writer in streams:
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
        assert problem(answer)["detail"] == "A request's head has at most 65536 bytes here."


async def test_what_is_no_http_is_a_problem_too() -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        assert problem(await told(server, b"\x16\x03\x01 hello\r\n\r\n"))["status"] == 400


async def test_a_large_head_is_answered() -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        large = b"X: " + b"y" * (LARGEST_HEAD_BYTES - 200) + b"\r\n"
        # Each request has a bound of its own.
        answer = await told(server, GET, large, b"\r\n", GET, large, b"Connection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize("begin", [GET, POST, POST + b"12345678", GET + b"\r\n" + GET])
async def test_a_request_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(BoundedConnection, "request_seconds", 0.5)
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        answer = await told(server, begin)
        assert problem(answer)["title"] == "Request Timeout"
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == (begin.count(b"GET") == 2)


@pytest.mark.parametrize("begin", [b"", GET + b"\r\n"])
async def test_a_connection_without_a_request_is_closed_without_a_word(
    monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(BoundedConnection, "request_seconds", 0.05)
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        assert (await told(server, begin)).count(b"HTTP/1.1") == bool(begin)


async def test_line_breaks_keep_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "request_seconds", 0.2)
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET + b"\r\n")
        ended = asyncio.create_task(reader.read())
        async with asyncio.timeout(30):
            while not ended.done():
                writer.write(b"\r\n")
                await asyncio.wait([ended], timeout=0.02)
        assert ended.result().count(b"HTTP/1.1 200") == 1
        writer.close()


async def test_an_answer_may_take_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "request_seconds", 0.05)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.4)
        await app(scope, receive, send)

    async with await ApiServer.start(slow, "127.0.0.1", 0) as server:
        answer = await told(server, GET + b"\r\n", GET + b"Connection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


class TestAnswersNotTaken:
    """The kernel's buffers take some megabytes; what is left is ours to hold."""

    async def test_they_are_dropped_with_their_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(BoundedConnection, "answer_seconds", 0.3)
        async with await ApiServer.start(large, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
            writer.write(GET + b"\r\n")
            begin = await reader.readexactly(100)
            await _until(lambda: server.connections == 0)
            assert len(begin + await reader.read()) < SIZE
            writer.close()

    async def test_who_takes_them_slowly_gets_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(BoundedConnection, "answer_seconds", 5.0)
        async with await ApiServer.start(large, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
            writer.write(GET + b"Connection: close\r\n\r\n")
            size = 0
            while data := await reader.read(256 * 1024):
                size += len(data)
            assert size > SIZE
            writer.close()

    async def test_all_of_them_together_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "MOST_UNTAKEN_BYTES", 3 * SIZE)
        async with (
            await ApiServer.start(large, "127.0.0.1", 0) as server,
            crowd(server, 8, GET + b"\r\n"),
        ):
            await _until(lambda: server.connections <= 4)


class TestCrowd:
    @pytest.mark.parametrize("begin", [b"", GET, POST, GET + b"\r\n"])
    async def test_who_keeps_us_waiting_gives_way(self, begin: bytes) -> None:
        async with (
            await ApiServer.start(app, "127.0.0.1", 0) as server,
            crowd(server, MOST_CONNECTIONS + 100, begin) as streams,
        ):
            answer = await told(server, GET + b"Connection: close\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200")
            first = await streams[0][0].read()
            if begin.endswith(b"\r\n\r\n") and begin != POST:
                assert first.count(b"HTTP/1.1") == 1
            else:
                assert b"retry-after: 5" in first.lower()
                assert problem(first)["status"] == 503

    async def test_who_waits_for_us_does_not(self) -> None:
        go_on = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/":
                await go_on.wait()
            await app(scope, receive, send)

        async with (
            await ApiServer.start(slow, "127.0.0.1", 0) as server,
            crowd(server, MOST_CONNECTIONS + 10, GET + b"Connection: close\r\n\r\n") as streams,
        ):
            other = GET.replace(b"/", b"/metrics", 1) + b"Connection: close\r\n\r\n"
            assert (await told(server, other)).startswith(b"HTTP/1.1 200")
            go_on.set()
            answers = await asyncio.gather(*(reader.read() for reader, _ in streams))
            assert {answer.split()[1] for answer in answers} == {b"200"}

    async def test_beyond_the_spare_ones_the_bound_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "MOST_CONNECTIONS", 2)
        monkeypatch.setattr(bounds, "_SPARE_CONNECTIONS", 0)
        begun = asyncio.Semaphore(0)

        async def never(scope: Any, receive: Any, send: Any) -> None:
            begun.release()
            await asyncio.Event().wait()

        async with (
            await ApiServer.start(never, "127.0.0.1", 0) as server,
            crowd(server, 2, GET + b"\r\n") as streams,
        ):
            await begun.acquire()
            await begun.acquire()
            answer = await told(server)
            assert b"retry-after: 5" in answer.lower()
            assert problem(answer)["status"] == 503
            for _, writer in streams:
                writer.transport.abort()


async def _until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110  uvicorn offers no event
            await asyncio.sleep(0.01)
