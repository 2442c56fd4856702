"""Pages of metrics: read back, and served to a scraper."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
TEXT = "text/plain;version=0.0.4"

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


def numbers(page: bytes, *, openmetrics: bool = False) -> Numbers:
    """Every number on a page by the name of its line and its labels, as prometheus-client reads it."""
    read = read_openmetrics if openmetrics else read_text
    found: Numbers = {}
    for family in read(page.decode()):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


@asynccontextmanager
async def serving(render: Callable[[str], tuple[bytes, str]]) -> AsyncIterator[str]:
    """`host:port` of a server that answers every request with a page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            accept = next((h[7:].strip() for h in head.split("\r\n") if h.lower().startswith("accept:")), "")
            body, content_type = render(accept)
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            writer.write(body)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
