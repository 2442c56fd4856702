"""Forms in which servers really answer: each is read as the official client would, or better."""

from __future__ import annotations

import json
from typing import Any

from probe.facts.sample import Failed
from probe.providers.dialect import Dialect
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from tests.providers.readings import kind
from tests.wires.compose import capture_of

SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
DONE = "data: [DONE]\n\n"


def event(value: Any, name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def check(dialect: Dialect, head: bytes, sent: Any, outcome: str, rest: dict[str, Any]) -> None:
    """What is sent after the head is read so; text is Paris where there is an answer and `rest` has none."""
    text = sent if isinstance(sent, str | bytes) else json.dumps(sent)
    body = text.encode() if isinstance(text, str) else text
    reading = read_answer(capture_of([(100, head + body)]), dialect)
    assert kind(reading) == outcome
    expected = dict(rest)
    if isinstance(reading.outcome, Failed):
        assert expected.pop("detail", "") in reading.outcome.detail
    else:
        expected = {"text": "Paris", **expected}
    assert {name: _fact(reading, name) for name in expected} == expected


def _fact(reading: Reading, name: str) -> Any:
    usage = reading.usage
    match name:
        case "tokens":
            return usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens
        case "reasoning":
            return reading.reasoning_text
        case _:
            return getattr(reading, name)
