"""The JSON of Ollama's own API, as far as it is read: one line of a stream, or a whole body.

`/api/chat` puts the answer into `message`, `/api/generate` beside it. Durations are nanoseconds; what is 0 or
empty is left out (https://github.com/ollama/ollama/blob/main/api/types.go, `omitempty`). Decoding is typed
first; where a server puts another type than the API says, the same bytes are decoded again and taken over
field by field, what does not fit being left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from probe.providers.values import count, decode_object, items, label, text, written

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


_COUNTS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)

_decode = msgspec.json.Decoder(Line).decode


def decode_line(data: bytes) -> Line:
    """One line, or a whole body. Raises ValueError, one line, where it is no JSON object in UTF-8."""
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        return _line(decode_object(data))


def call_text(call: ToolCall) -> str:
    """A call's function and its arguments as they were sent."""
    function = call.function
    if function is None:
        return ""
    return (function.name or "") + bytes(function.arguments).decode("utf-8", "replace")


def _line(value: Mapping[str, Any]) -> Line:
    return Line(
        model=label(value.get("model")),
        remote_host=label(value.get("remote_host")),
        message=_message(value.get("message")),
        response=text(value.get("response")),
        thinking=text(value.get("thinking")),
        tool_calls=_calls(value.get("tool_calls")),
        done=_truth(value.get("done")),
        done_reason=label(value.get("done_reason")),
        error=value.get("error"),
        **{name: count(value.get(name)) for name in _COUNTS},
    )


def _message(value: object) -> Message | None:
    if not isinstance(value, dict):
        return None
    return Message(
        content=text(value.get("content")),
        thinking=text(value.get("thinking")),
        tool_calls=_calls(value.get("tool_calls")),
    )


def _calls(value: object) -> list[ToolCall]:
    return [ToolCall(function=_function(item.get("function"))) for item in items(value)]


def _function(value: object) -> Function | None:
    if not isinstance(value, dict):
        return None
    arguments = value.get("arguments")
    sent = "" if arguments is None else written(arguments)
    return Function(name=label(value.get("name")), arguments=msgspec.Raw(sent.encode("utf-8", "replace")))


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
