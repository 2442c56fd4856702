"""The load of the accuracy bench: streams of 100 tokens, 10 ms apart, 200 ± 50 ms to the first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from bench.truth import Seen
from probe.facts.timeline import Timeline
from probe.providers.openai_chat.chat import read_completion as read
from probe.wire.capture import Capture
from probe.wire.local import LocalWire
from probe.wire.request import Connection, Deadlines, Wire, WireRequest

TOKENS = 100
MODEL = f"sim?ttft_ms=200&ttft_spread_ms=50&gap_ms=10&tokens={TOKENS}"
OUTPUT = rb'"content"\s*:\s*"[^"]'
# Streams of one round start this far apart, as they would behind a scheduler.
STAGGER_SECONDS = 0.001

Stream = Callable[[str], Awaitable[Seen]]


def body(model: str = MODEL) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Say a hundred words."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": TOKENS,
    }


async def stream_all(count: int, stream: Stream) -> list[Seen]:
    """`count` streams at once."""

    async def one(index: int) -> Seen:
        await asyncio.sleep(index * STAGGER_SECONDS)
        return await stream(str(uuid4()))

    return await asyncio.gather(*[one(index) for index in range(count)])


def wire_request(
    base_url: str,
    request_id: str,
    connection: Connection,
    ca_file: str | None,
    *,
    model: str = MODEL,
    first_token: float = 30.0,
) -> WireRequest:
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    content = msgspec.json.encode(body(model))
    headers = {
        "Host": parts.netloc,
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        "X-Client-Request-Id": request_id,
        "Connection": "close" if connection == "cold" else "keep-alive",
    }
    return WireRequest(
        method="POST",
        scheme="https" if parts.scheme == "https" else "http",
        host=parts.hostname,
        port=parts.port,
        target=parts.path + "/chat/completions",
        headers=tuple((name.encode(), value.encode()) for name, value in headers.items()),
        body=content,
        connection=connection,
        deadlines=Deadlines(first_token=first_token),
        output_pattern=OUTPUT,
        ca_file=ca_file,
    )


def over_wire(wire: Wire, base_url: str, connection: Connection, ca_file: str | None) -> Stream:
    async def stream(request_id: str) -> Seen:
        return seen(request_id, await wire.exchange(wire_request(base_url, request_id, connection, ca_file)))

    return stream


def seen(request_id: str, capture: Capture) -> Seen:
    return seen_by(request_id, capture, read(capture).timeline)


def seen_by(request_id: str, capture: Capture, timeline: Timeline) -> Seen:
    assert capture.failure is None, capture.failure
    assert capture.stamps == "kernel"
    assert capture.sent_ns is not None
    return Seen(
        request_id=request_id,
        sent_ns=capture.sent_ns,
        tokens_ns=[chunk.at_ns for chunk in timeline.output],
    )


async def truths(base_url: str, ca_file: str | None) -> Mapping[str, Mapping[str, Any]]:
    """What the simulator remembers, by client request id."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    headers = ((b"Host", parts.netloc.encode()), (b"Connection", b"close"))
    request = WireRequest(
        method="GET",
        scheme="https" if parts.scheme == "https" else "http",
        host=parts.hostname,
        port=parts.port,
        target="/truth",
        headers=headers,
        max_response_bytes=1 << 30,
        ca_file=ca_file,
    )
    wire = LocalWire()
    try:
        capture = await wire.exchange(request)
    finally:
        await wire.aclose()
    records = [msgspec.json.decode(line) for line in response_body(capture).splitlines()]
    return {record["client_request_id"]: record for record in records}


def response_body(capture: Capture) -> bytes:
    from probe.wire.http1 import read_response

    return read_response(capture).body
