"""Answers as the providers' documents show them, twenty a grammar, and where we read one otherwise.

A stream is a list of events, an answer in one body an object. The events of one grammar are framed as each
of its dialects wants them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from probe.facts.sample import DialectName
from tests.contracts.frames import MEDIA_TYPE, chunk, frame
from tests.sdks.answers.chat import CHAT
from tests.sdks.answers.cohere import COHERE
from tests.sdks.answers.converse import CONVERSE
from tests.sdks.answers.gemini import GEMINI
from tests.sdks.answers.messages import MESSAGES
from tests.sdks.answers.played import Played
from tests.sdks.answers.responses import RESPONSES

ANSWERS: Mapping[DialectName, tuple[Played, ...]] = {
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "anthropic-messages": MESSAGES,
    "vertex-claude": MESSAGES,
    "bedrock-invoke": MESSAGES,
    "bedrock-converse": CONVERSE,
    "gemini": GEMINI,
    "vertex-gemini": GEMINI,
    "cohere-v2": COHERE,
}


def _sse(event: Any) -> bytes:
    """Events have their type as their name, as the providers send it."""
    if isinstance(event, bytes):
        return event
    name = event.get("type") if isinstance(event, dict) else None
    return (f"event: {name}\n" if name else "").encode() + b"data: " + _json(event) + b"\n\n"


def _unnamed(event: Any) -> bytes:
    return event if isinstance(event, bytes) else b"data: " + _json(event) + b"\n\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _chunk(event: Any) -> bytes:
    return event if isinstance(event, bytes) else chunk(event)


def _frame(event: Any) -> bytes:
    return event if isinstance(event, bytes) else frame(*event)


FRAMING: Mapping[DialectName, tuple[Callable[[Any], bytes], str]] = {
    "openai-chat": (_unnamed, "text/event-stream"),
    "openai-responses": (_sse, "text/event-stream"),
    "anthropic-messages": (_sse, "text/event-stream"),
    "vertex-claude": (_sse, "text/event-stream"),
    "bedrock-invoke": (_chunk, MEDIA_TYPE),
    "bedrock-converse": (_frame, MEDIA_TYPE),
    "gemini": (_unnamed, "text/event-stream"),
    "vertex-gemini": (_unnamed, "text/event-stream"),
    "cohere-v2": (_sse, "text/event-stream"),
}


def pieces_of(dialect: DialectName, played: Played) -> tuple[bytes, ...]:
    """The response, head first, as it is sent."""
    framed, kind = FRAMING[dialect]
    body = b"".join(map(framed, played.sent)) if played.stream else _json(played.sent)
    kind = kind if played.stream and played.status == 200 else "application/json"
    body = body[: len(body) - played.cut]
    head = f"HTTP/1.1 {played.status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    whole = (head + "connection: close\r\n\r\n").encode()
    return (whole, *(bytes([each]) for each in body)) if played.split else (whole, body)
