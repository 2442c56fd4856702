"""A server on loopback that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes] | bytes
WRITTEN: Answer = (204, {}, b"")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def lines(self) -> list[str]:
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return body.decode().splitlines()


@dataclass
class InfluxServer:
    """`answer` gives status, headers and body, or the very bytes; what it raises ends the connection."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Answer | Awaitable[Answer]] = lambda _: WRITTEN
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while True:
                request = await _read(reader)
                self.requests.append(request)
                answer = self.answer(request)
                answer = answer if isinstance(answer, tuple | bytes) else await answer
                writer.write(answer if isinstance(answer, bytes) else _encode(*answer))
                await writer.drain()
                if isinstance(answer, bytes):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        except asyncio.CancelledError:
            writer.transport.abort()  # the test is over
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def answering(tls: ssl.SSLContext | None = None) -> AsyncIterator[InfluxServer]:
    state = InfluxServer()
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0, ssl=tls)
    state.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        for task in state.serving:
            task.cancel()
        await asyncio.gather(*state.serving, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    query = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
    return Request(method, urlsplit(target).path, query, headers, body)


def _encode(status: int, headers: dict[str, str], body: bytes) -> bytes:
    head = {"Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body
