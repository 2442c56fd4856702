"""Departures that cost no client the answer: they are read, and remarked on."""

from __future__ import annotations

import gzip

import pytest

from probe.facts.sample import Ok, Remark
from probe.providers.openai_chat.chat import read_completion
from probe.providers.protocol import Reading
from tests.wires.compose import capture_of

EVENTS = (
    b'data: {"choices":[{"delta":{"content":"Paris"}}]}\n\n'
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
)
DONE = b"data: [DONE]\n\n"
COUNTS = b'data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":6}}\n\n'


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def read(body: bytes, *headers: bytes) -> Reading:
    lines = b"".join(header + b"\r\n" for header in (b"content-type: text/event-stream", *headers))
    return read_completion(capture_of([(100, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + body)]))


@pytest.mark.parametrize(
    ("body", "headers", "remarks"),
    [
        (EVENTS + DONE, (), ()),
        (EVENTS, (), ("no_end_mark",)),
        (chunked(EVENTS), (b"transfer-encoding: chunked",), ("no_end_mark",)),
        (EVENTS + DONE[:-5], (), ("no_end_mark",)),
        (EVENTS + COUNTS[:-20], (), ("no_end_mark",)),
        (EVENTS + DONE + COUNTS, (), ("after_end_mark",)),
        (EVENTS + DONE + b"<html>oops", (), ()),
        (EVENTS + DONE + b"data: oops\n\n", (), ("after_end_mark",)),
        (gzip.compress(EVENTS + DONE, mtime=0), (b"content-encoding: gzip",), ("compressed",)),
        (
            chunked(EVENTS + DONE),
            (b"transfer-encoding: chunked", b"content-length: 7"),
            ("length_beside_chunked",),
        ),
        (
            EVENTS + DONE + b"more",
            (b"content-length: %d" % len(EVENTS + DONE),),
            ("surplus_bytes",),
        ),
        (EVENTS + DONE, (b"x-litellm-version: 1.9",), ("counted_by_gateway",)),
        (
            gzip.compress(EVENTS, mtime=0),
            (b"content-encoding: gzip", b"x-litellm-call-id: 1"),
            ("no_end_mark", "compressed", "counted_by_gateway"),
        ),
    ],
)
def test_a_departure(body: bytes, headers: tuple[bytes, ...], remarks: tuple[Remark, ...]) -> None:
    reading = read(body, *headers)
    assert (reading.outcome, reading.text, reading.remarks) == (Ok(), "Paris", remarks)


def test_counts_after_the_end_are_taken() -> None:
    usage = read(EVENTS + DONE + COUNTS).usage
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (20, 6, "provider")
