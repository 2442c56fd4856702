"""The JSON of the chat completions dialect, as far as it is read: one event of a stream, or a whole body.

Decoding is typed first (about a microsecond an event); if a provider puts another type than the dialect says,
the same bytes are decoded again and fitted field by field. A number sent as text must not cost a sample.
"""

from typing import Any

import msgspec

from probe.providers.values import decode_object, fitted, items, text, written


class TokenDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class TokenUsage(msgspec.Struct, gc=False):
    """`usage`, with the names that other providers gave the same counts, and what else some say there."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: TokenDetails | None = None
    completion_tokens_details: TokenDetails | None = None
    input_tokens_details: TokenDetails | None = None
    output_tokens_details: TokenDetails | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    citation_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    queue_time: Any = None
    prompt_time: Any = None
    completion_time: Any = None
    total_time: Any = None
    time_to_first_token: Any = None
    total_latency: Any = None
    cost: Any = None
    estimated_cost: Any = None
    cost_in_usd_ticks: Any = None


class Timings(msgspec.Struct, gc=False):
    """llama.cpp's own count (https://github.com/ggml-org/llama.cpp/tree/master/tools/server)."""

    prompt_n: int | None = None
    cache_n: int | None = None
    predicted_n: int | None = None
    prompt_ms: Any = None
    predicted_ms: Any = None


class Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, gc=False):
    id: str | None = None
    function: Function | None = None


class Delta(msgspec.Struct, gc=False):
    """`delta` of a stream or `message` of a body."""

    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_text: str | None = None
    thinking: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None


class ChatChoice(msgspec.Struct, gc=False):
    delta: Delta | None = None
    message: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    usage: TokenUsage | None = None


class GroqEnvelope(msgspec.Struct, gc=False):
    id: str | None = None
    usage: TokenUsage | None = None
    error: Any = None


class ChatChunk(msgspec.Struct, gc=False):
    id: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    choices: list[ChatChoice] | None = None
    usage: TokenUsage | None = None
    x_groq: GroqEnvelope | None = None
    timings: Timings | None = None
    time_info: Any = None
    metrics: Any = None
    perf_metrics: Any = None
    provider: Any = None
    error: Any = None


_TEXTS = frozenset({"content", "reasoning", "reasoning_content", "reasoning_text", "thinking"})

decode_strictly = msgspec.json.Decoder(ChatChunk).decode
"""Raises ValueError or RecursionError for anything but what the dialect says."""


def decode_chunk(data: bytes) -> ChatChunk:
    """One event's data, or a whole body. Raises ValueError, one line, if it is no JSON object in UTF-8."""
    try:
        return decode_strictly(data)
    except (ValueError, RecursionError):
        return decode_loosely(data)


def decode_loosely(data: bytes) -> ChatChunk:
    """The same without types, and the same errors as `decode_chunk`."""
    value = decode_object(data)
    for choice in items(value.get("choices")):
        for delta in (choice.get("delta"), choice.get("message")):
            if isinstance(delta, dict):
                _flatten(delta)
    return fitted(ChatChunk, value)


def _flatten(delta: dict[str, Any]) -> None:
    """Make text of a content of parts (Mistral's reasoning models) and of arguments that are no text."""
    thoughts = "".join(_joined(part.get("thinking")) for part in items(delta.get("content")))
    for name in _TEXTS & delta.keys():
        if isinstance(delta[name], list | dict):
            delta[name] = _joined(delta[name])
    if thoughts:
        delta["reasoning_content"] = delta.get("reasoning_content") or thoughts
    functions = [call.get("function") for call in items(delta.get("tool_calls"))]
    for function in (*functions, delta.get("function_call")):
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict | list):
            function["arguments"] = written(function["arguments"])


def _joined(content: object) -> str:
    """A text, or the texts of a list of parts, or of one."""
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        return "".join(text(part.get("text")) or "" for part in items(content))
    return text(content) or ""


def error_in(chunk: ChatChunk) -> object | None:
    """The error that an event or a body reports; None if it reports none. Some always send an empty one."""
    error: object = chunk.error or (chunk.x_groq.error if chunk.x_groq is not None else None)
    is_empty = isinstance(error, dict) and not any(error.values())
    return None if is_empty else error or None
