"""Answers of Ollama composed from lines, and what is read of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from probe.providers.ollama.chat import OLLAMA_CHAT
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from probe.wire.capture import Capture
from tests.wires.compose import stream_of

NDJSON = "application/x-ndjson"
CLOCKED: dict[str, Any] = {
    "total_duration": 5_191_566_416,
    "load_duration": 2_154_458,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 383_809_000,
    "eval_count": 298,
    "eval_duration": 4_799_921_000,
}


def said(content: str = "", **message: Any) -> dict[str, Any]:
    """A line of `/api/chat`."""
    return {
        "model": "served-model",
        "message": {"role": "assistant", "content": content, **message},
        "done": False,
    }


def written(response: str = "", **rest: Any) -> dict[str, Any]:
    """A line of `/api/generate`."""
    return {"model": "served-model", "response": response, "done": False, **rest}


def last(line: Mapping[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """A line that is done, without figures but those of `rest`."""
    return {**(said() if line is None else line), "done": True, "done_reason": "stop", **rest}


def lines_of(*lines: bytes | Mapping[str, Any], line_end: str = "\n", **rest: Any) -> Capture:
    """The head at 200 ms and then one line every 10 ms. Bytes are sent as they are."""
    sent = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() + line_end.encode()
        for line in lines
    ]
    return stream_of(*sent, **{"content_type": NDJSON, **rest})


def read(capture: Capture) -> Reading:
    return read_answer(capture, OLLAMA_CHAT.dialect)


def read_lines(*lines: bytes | Mapping[str, Any], **rest: Any) -> Reading:
    return read(lines_of(*lines, **rest))
