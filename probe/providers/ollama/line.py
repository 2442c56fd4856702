"""The JSON of Ollama's own API, as far as it is read: one line of a stream, or a whole body.

`/api/chat` puts the answer into `message`, `/api/generate` beside it. Durations are nanoseconds; what is 0 or
empty is left out (https://github.com/ollama/ollama/blob/main/api/types.go, `omitempty`). Decoding is typed
first; where a server puts another type than the API says, the same bytes are decoded again and taken over
field by field, what does not fit being left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from probe.providers.values import decode_object, fitted

_NO_ARGUMENTS = msgspec.Raw()


class Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: msgspec.Raw = _NO_ARGUMENTS


class ToolCall(msgspec.Struct, gc=False):
    function: Function | None = None


class Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCall] | None = None


class Line(msgspec.Struct, gc=False):
    model: str | None = None
    remote_host: str | None = None
    message: Message | None = None
    response: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCall] | None = None
    done: bool | None = None
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Line).decode


def decode_line(data: bytes) -> Line:
    """One line, or a whole body. Raises ValueError, one line, where it is no JSON object in UTF-8."""
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        return fitted(Line, decode_object(data))


def call_text(call: ToolCall) -> str:
    """A call's function and its arguments as they were sent."""
    function = call.function
    if function is None:
        return ""
    return (function.name or "") + bytes(function.arguments).decode("utf-8", "replace")
