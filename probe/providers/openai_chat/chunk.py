"""The JSON of the chat completions dialect, as far as it is read: one event of a stream, or a whole body.

Decoding is typed first (about a microsecond an event); where a provider puts another type than the
dialect says, the same bytes are decoded again without types and taken over field by field, what does not
fit being left out. A number sent as text must not cost a sample.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from probe.providers.values import count, decode_object, items, label, text


class TokenDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class TokenUsage(msgspec.Struct, gc=False):
    """`usage`, with the names that other providers gave the same counts, and what some say there beside."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: TokenDetails | None = None
    completion_tokens_details: TokenDetails | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
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
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct, gc=False):
    delta: Delta | None = None
    message: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    usage: TokenUsage | None = None


class GroqEnvelope(msgspec.Struct, gc=False):
    id: str | None = None
    usage: TokenUsage | None = None
    error: Any = None


class Chunk(msgspec.Struct, gc=False):
    id: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    choices: list[Choice] | None = None
    usage: TokenUsage | None = None
    x_groq: GroqEnvelope | None = None
    timings: Timings | None = None
    time_info: Any = None
    metrics: Any = None
    perf_metrics: Any = None
    provider: Any = None
    error: Any = None


decode_strictly = msgspec.json.Decoder(Chunk).decode
"""Raises ValueError or RecursionError for anything but what the dialect says."""


def decode_chunk(data: bytes) -> Chunk:
    """One event's data, or a whole body. Raises ValueError, one line, where it is no JSON object in UTF-8."""
    try:
        return decode_strictly(data)
    except (ValueError, RecursionError):
        return decode_loosely(data)


def decode_loosely(data: bytes) -> Chunk:
    """The same without types, and the same errors as `decode_chunk`."""
    value = decode_object(data)
    return Chunk(
        id=label(value.get("id")),
        model=label(value.get("model")),
        system_fingerprint=label(value.get("system_fingerprint")),
        choices=[_choice(item) for item in items(value.get("choices"))],
        usage=_usage(value.get("usage")),
        x_groq=_groq(value.get("x_groq")),
        timings=_timings(value.get("timings")),
        time_info=value.get("time_info"),
        metrics=value.get("metrics"),
        perf_metrics=value.get("perf_metrics"),
        provider=value.get("provider"),
        error=value.get("error"),
    )


def _choice(value: Mapping[str, Any]) -> Choice:
    return Choice(
        delta=_delta(value.get("delta")),
        message=_delta(value.get("message")),
        text=text(value.get("text")),
        finish_reason=label(value.get("finish_reason")),
        usage=_usage(value.get("usage")),
    )


def _delta(value: object) -> Delta | None:
    if not isinstance(value, dict):
        return None
    return Delta(
        content=_content(value.get("content")),
        reasoning=text(value.get("reasoning")),
        reasoning_content=text(value.get("reasoning_content")) or _thinking(value.get("content")),
        reasoning_details=items(value.get("reasoning_details")),
        refusal=text(value.get("refusal")),
        tool_calls=[
            ToolCall(id=label(item.get("id")), function=_function(item.get("function")))
            for item in items(value.get("tool_calls"))
        ],
        function_call=_function(value.get("function_call")),
    )


def _function(value: object) -> Function | None:
    if not isinstance(value, dict):
        return None
    arguments = value.get("arguments")
    if isinstance(arguments, dict | list):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return Function(name=label(value.get("name")), arguments=text(arguments))


def _groq(value: object) -> GroqEnvelope | None:
    if not isinstance(value, dict):
        return None
    return GroqEnvelope(id=label(value.get("id")), usage=_usage(value.get("usage")), error=value.get("error"))


def _usage(value: object) -> TokenUsage | None:
    if not isinstance(value, dict):
        return None
    return TokenUsage(
        prompt_tokens=count(value.get("prompt_tokens")),
        completion_tokens=count(value.get("completion_tokens")),
        input_tokens=count(value.get("input_tokens")),
        output_tokens=count(value.get("output_tokens")),
        total_tokens=count(value.get("total_tokens")),
        prompt_tokens_details=_details(value.get("prompt_tokens_details")),
        completion_tokens_details=_details(value.get("completion_tokens_details")),
        cached_tokens=count(value.get("cached_tokens")),
        reasoning_tokens=count(value.get("reasoning_tokens")),
        prompt_cache_hit_tokens=count(value.get("prompt_cache_hit_tokens")),
        cache_read_input_tokens=count(value.get("cache_read_input_tokens")),
        cache_creation_input_tokens=count(value.get("cache_creation_input_tokens")),
        **{name: value.get(name) for name in _BESIDE},
    )


_BESIDE = (
    *("queue_time", "prompt_time", "completion_time", "total_time", "time_to_first_token", "total_latency"),
    *("cost", "estimated_cost", "cost_in_usd_ticks"),
)


def _details(value: object) -> TokenDetails | None:
    if not isinstance(value, dict):
        return None
    return TokenDetails(
        cached_tokens=count(value.get("cached_tokens")),
        cache_write_tokens=count(value.get("cache_write_tokens")),
        reasoning_tokens=count(value.get("reasoning_tokens")),
    )


def _timings(value: object) -> Timings | None:
    if not isinstance(value, dict):
        return None
    return Timings(
        prompt_n=count(value.get("prompt_n")),
        cache_n=count(value.get("cache_n")),
        predicted_n=count(value.get("predicted_n")),
        prompt_ms=value.get("prompt_ms"),
        predicted_ms=value.get("predicted_ms"),
    )


def _content(value: object) -> str | None:
    """Text, or a list of parts of which the `text` ones are joined (Mistral's reasoning models)."""
    if not isinstance(value, list):
        return text(value)
    return "".join(text(part.get("text")) or "" for part in items(value))


def _thinking(value: object) -> str | None:
    """The `thinking` parts of a content list."""
    if not isinstance(value, list):
        return None
    return "".join(_content(part.get("thinking")) or "" for part in items(value))


def error_in(chunk: Chunk) -> object | None:
    """The error that an event or a body reports; None where it reports none. Some send an empty one along."""
    return chunk.error or (chunk.x_groq.error if chunk.x_groq is not None else None) or None
