"""Captures composed from what a server sends and when, for tests of the readers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from probe.lib.clock import NS_PER_MS, ClockPair
from probe.wire.capture import Arrival, Capture, WireFailure

# 2026-11-21 12:00:00 UTC, when the monotonic clock showed an hour.
STARTED_NS = 3_600_000_000_000
CLOCK = ClockPair(monotonic_ns=STARTED_NS, wall_ns=1_795_262_400_000_000_000)
FIRST_MS = 200
GAP_MS = 10

PROMPT = "Name the capital of France, in one word."
REQUEST = json.dumps(
    {"model": "m", "messages": [{"role": "user", "content": PROMPT}], "stream": True}
).encode()

EVENT_STREAM = "text/event-stream; charset=utf-8"


def head(
    status: int = 200, content_type: str = EVENT_STREAM, headers: Mapping[str, str] | None = None
) -> bytes:
    """A response head whose body lasts until the connection ends."""
    lines = [f"HTTP/1.1 {status} Reason", f"content-type: {content_type}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def at(milliseconds: float) -> int:
    """An instant, counted from the start of the call."""
    return STARTED_NS + round(milliseconds * NS_PER_MS)


def event_ms(number: int) -> float:
    """When `stream_of` sends its n-th event."""
    return FIRST_MS + number * GAP_MS


def capture_of(
    pieces: Sequence[tuple[float, bytes]],
    *,
    failure: WireFailure | None = None,
    request_body: bytes = REQUEST,
    ended_ms: float | None = None,
) -> Capture:
    """A capture of these reads: (milliseconds since the start of the call, bytes)."""
    last_ms = pieces[-1][0] if pieces else float(FIRST_MS)
    return Capture(
        method="POST",
        url="http://127.0.0.1/v1/chat/completions",
        request_headers=((b"host", b"127.0.0.1"),),
        request_body=request_body,
        clock_start=CLOCK,
        clock_end=CLOCK,
        started_ns=STARTED_NS,
        dns_ns=at(1),
        connected_ns=at(2),
        send_ns=at(3),
        sent_ns=at(4),
        end_ns=at(last_ms + 1 if ended_ms is None else ended_ms),
        received=b"".join(data for _, data in pieces),
        arrivals=tuple(Arrival(at(ms), len(data)) for ms, data in pieces),
        stamps="kernel",
        failure=failure,
    )


def stream_of(
    *events: bytes | str | Mapping[str, Any],
    line_end: str = "\n",
    failure: WireFailure | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = EVENT_STREAM,
) -> Capture:
    """The head at 200 ms and then one event every 10 ms.

    An event is a JSON object, text for the `data` field, or bytes that are sent as they are.
    """
    pieces = [(float(FIRST_MS), head(200, content_type, headers))]
    for number, event in enumerate(events, 1):
        pieces.append((FIRST_MS + number * GAP_MS, _event(event, line_end)))
    return capture_of(pieces, failure=failure)


def body_of(
    body: Any,
    status: int = 200,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    failure: WireFailure | None = None,
) -> Capture:
    """The head at 200 ms, the body in two halves at 210 and 220 ms.

    Bytes are sent as they are, anything else as JSON.
    """
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    half = len(data) // 2
    return capture_of(
        [
            (FIRST_MS, head(status, content_type, headers)),
            (FIRST_MS + GAP_MS, data[:half]),
            (FIRST_MS + 2 * GAP_MS, data[half:]),
        ],
        failure=failure,
    )


def resplit(capture: Capture, cuts: Iterable[int]) -> Capture:
    """The same bytes in other reads: cut at these offsets, a millisecond apart."""
    places = sorted({min(max(cut, 0), len(capture.received)) for cut in cuts} | {0, len(capture.received)})
    pieces = [
        (FIRST_MS + number, capture.received[start:end])
        for number, (start, end) in enumerate(pairwise(places))
    ]
    return capture_of(pieces, failure=capture.failure, request_body=capture.request_body)


def chunk(content: str | None = None, *, finish: str | None = None, **rest: Any) -> dict[str, Any]:
    """One chunk of the dialect. `rest` goes into the delta."""
    delta: dict[str, Any] = dict(rest)
    if content is not None:
        delta["content"] = content
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1795262400,
        "model": "served-model",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def usage(prompt: int = 12, completion: int = 2, **rest: Any) -> dict[str, Any]:
    """The usage chunk: no choices."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "chatcmpl-1", "model": "served-model", "choices": [], "usage": {**counts, **rest}}


def _event(event: bytes | str | Mapping[str, Any], line_end: str) -> bytes:
    if isinstance(event, bytes):
        return event
    data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return f"data: {data}{line_end}{line_end}".encode()
