"""Answers of TGI composed from events, and what is read of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from probe.providers.tgi.chat import TGI
from probe.wire.capture import Capture, WireFailure
from tests.wires.compose import PROMPT, stream_of

DETAILS: dict[str, Any] = {
    "finish_reason": "eos_token",
    "generated_tokens": 3,
    "seed": None,
    "input_length": 12,
}
# Of an answer of 20 tokens: whole milliseconds, but for the first, which is in seconds.
HEADERS = {
    "x-compute-type": "gpu+optimized",
    "x-compute-time": "0.108642731",
    "x-compute-characters": "40",
    "x-total-time": "108",
    "x-validation-time": "1",
    "x-queue-time": "4",
    "x-inference-time": "103",
    "x-time-per-token": "5",
    "x-prompt-tokens": "12",
    "x-generated-tokens": "20",
}


def token(text: str, *, special: bool = False, **rest: Any) -> dict[str, Any]:
    """One event of a stream."""
    one = {"id": 7, "text": text, "logprob": -0.34, "special": special}
    return {"index": 1, "token": one, "generated_text": None, "details": None, **rest}


def end(text: str, **details: Any) -> dict[str, Any]:
    """The last event: the end of the sequence, and the whole text."""
    return token("</s>", special=True, generated_text=text, details={**DETAILS, **details})


def read(capture: Capture) -> Reading:
    """The reading of an answer to `PROMPT`."""
    request = json.dumps({"inputs": PROMPT, "parameters": {}}).encode()
    return read_answer(replace(capture, request_body=request), TGI.dialect)


def read_events(
    *events: bytes | Mapping[str, Any],
    failure: WireFailure | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reading:
    """The head at 200 ms and then one event every 10 ms, written as TGI does: no space behind the colon."""
    sent = [
        event if isinstance(event, bytes) else b"data:" + json.dumps(event).encode() + b"\n\n"
        for event in events
    ]
    return read(stream_of(*sent, failure=failure, headers=headers))
