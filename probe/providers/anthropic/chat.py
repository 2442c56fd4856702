"""Anthropic's messages: a prompt into a request, a stream or one message into an answer.

https://docs.claude.com/en/docs/build-with-claude/streaming: every event has a name and, in its data, a `type`
of the same name; types that are not known are to be skipped.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from probe.providers.answer import Answer
from probe.providers.anthropic.listing import MODELS
from probe.providers.dialect import HEARTBEATS, Dialect, Failure
from probe.providers.error_object import error_object, read_error
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.usage import TokenCounts
from probe.providers.values import clean_text, decode_object, items, mapping, text, whole_number, written

# https://docs.claude.com/en/api/versioning
_API_VERSION = "2023-06-01"

# Where a delta has its text.
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_DELTA = b"content_block_delta"
_COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")

# What some proxies end any stream with.
_DONE = b"[DONE]"


def message_body(prompt: Prompt, quirks: Quirks) -> dict[str, Any]:
    """System messages make up `system`, a blank line between two. The API knows no seed."""
    system = [message.content for message in prompt.messages if message.role == "system"]
    body: dict[str, Any] = {
        "model": prompt.model,
        "messages": [
            {"role": message.role, "content": message.content}
            for message in prompt.messages
            if message.role != "system"
        ],
        "max_tokens": quirks.max_tokens_of(prompt.max_tokens),
        "stream": prompt.stream,
    }
    if system:
        body["system"] = "\n\n".join(system)
    temperature = quirks.temperature_of(prompt.model, prompt.temperature)
    if temperature is not None:
        body["temperature"] = temperature
    return body


# Answers ----------------------------------------------------------------------------------------------------


class _Delta(msgspec.Struct, gc=False):
    """What is added to a block; which of the texts is there depends on `type`."""

    type: str
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class _DeltaEvent(msgspec.Struct, gc=False, tag="content_block_delta", tag_field="type"):
    """The event that a stream is full of. Every other one is decoded without types."""

    delta: _Delta


# Raises ValueError or RecursionError for another event, and where a type is not what the API says.
_decode = msgspec.json.Decoder(_DeltaEvent).decode


class MessageParser:
    """A `StreamParser`. `message_stop` ends a stream."""

    __slots__ = ("_answer", "_counts", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # By the names of the API; every event of a stream that has some says how many it has been so far.
        self._counts: dict[str, int] = {}
        self.ended = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        if name == _DELTA and not self.ended:
            try:
                delta = _decode(data).delta
            except (ValueError, RecursionError):
                pass
            else:
                self._take_delta(delta.type, delta.text or delta.thinking or delta.partial_json, at_ns)
                return None
        if not data.startswith(b"{"):
            if name in HEARTBEATS or data.strip() in (_DONE, b""):
                return None
            if name == b"error":
                return read_error(data)
        return self._take_event(decode_object(data), name, at_ns)

    def _take_event(self, event: Mapping[str, Any], name: bytes, at_ns: int) -> Failure | None:
        kind = text(event.get("type")) or name.decode("latin-1")
        if kind == "content_block_delta" and not self.ended:
            self._take_loose_delta(mapping(event.get("delta")), at_ns)
            return None
        if kind == "error" or (event.get("error") and kind != "ping"):
            return error_object(event)
        if kind == "message_start":
            self._take_head(mapping(event.get("message")), at_ns)
        elif kind == "content_block_start" and not self.ended:
            self._take_block(mapping(event.get("content_block")), at_ns)
        elif kind == "message_delta":
            self._take_stop(mapping(event.get("delta")))
            self._take_usage(event.get("usage"))
        elif kind == "message_stop":
            self.ended = True
        elif self.ended and kind.startswith("content_block"):
            self._answer.remarks.add("after_end_mark")
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        message = decode_object(data)
        if message.get("type") == "error" or message.get("error"):
            return error_object(message)
        if not isinstance(message.get("content"), list):
            return failed("malformed", "no content in the answer")
        self._take_head(message, at_ns)
        self._take_stop(message)
        self._take_usage(message.get("usage"))
        return None

    def close(self) -> None:
        """Every event has been read already."""

    def _take_head(self, message: Mapping[str, Any], at_ns: int) -> None:
        self._answer.id = clean_text(message.get("id"))
        self._answer.model = clean_text(message.get("model"))
        for block in items(message.get("content")):
            self._take_block(block, at_ns)
        # At the start of a stream its output is not counted yet.
        self._take_usage(message.get("usage"), _COUNTS[:-1])

    def _take_block(self, block: Mapping[str, Any], at_ns: int) -> None:
        """A block as it starts in a stream, mostly empty, or whole. Encrypted thinking is for no reader."""
        kind = block.get("type")
        if kind == "text" and (found := text(block.get("text"))):
            self._answer.take_text(found, at_ns)
        elif kind == "thinking" and (found := text(block.get("thinking"))):
            self._answer.take_reasoning(found, at_ns)
        elif kind in ("tool_use", "server_tool_use"):
            arguments = block.get("input")
            name = text(block.get("name")) or ""
            self._answer.take_call(name + (written(arguments) if arguments else ""), at_ns)

    def _take_loose_delta(self, delta: Mapping[str, Any], at_ns: int) -> None:
        kind = delta.get("type")
        field = _TEXTS.get(kind) if isinstance(kind, str) else None
        if isinstance(kind, str) and field is not None:
            self._take_delta(kind, text(delta.get(field)) or "", at_ns)

    def _take_delta(self, kind: str, piece: str, at_ns: int) -> None:
        """A piece of text, thinking or a call. A signature is none of them, nor is what is not known."""
        if not piece:
            return
        if kind == "text_delta":
            self._answer.take_text(piece, at_ns)
        elif kind == "thinking_delta":
            self._answer.take_reasoning(piece, at_ns)
        elif kind == "input_json_delta":
            self._answer.take_call(piece, at_ns)

    def _take_stop(self, said: Mapping[str, Any]) -> None:
        self._answer.finish_reason = clean_text(said.get("stop_reason")) or self._answer.finish_reason

    def _take_usage(self, usage: object, names: tuple[str, ...] = _COUNTS) -> None:
        found = mapping(usage)
        details = mapping(found.get("output_tokens_details"))
        counts = {name: whole_number(found.get(name)) for name in names}
        counts["thinking_tokens"] = whole_number(details.get("thinking_tokens"))
        for name, count in counts.items():
            # They only grow: a smaller one, or a gateway's zero, takes nothing back.
            if count is not None:
                self._counts[name] = max(count, self._counts.get(name, count))
        self._answer.usage = _token_counts(self._counts)


def _token_counts(counts: Mapping[str, int]) -> TokenCounts | None:
    """In our terms: their `input_tokens` are those that no cache had anything to do with."""
    if not counts:
        return None
    uncached = counts.get("input_tokens")
    cached, cache_write = counts.get("cache_read_input_tokens"), counts.get("cache_creation_input_tokens")
    return TokenCounts(
        input_tokens=None if uncached is None else uncached + (cached or 0) + (cache_write or 0),
        output_tokens=counts.get("output_tokens"),
        cached_input_tokens=cached,
        cache_write_tokens=cache_write,
        reasoning_tokens=counts.get("thinking_tokens"),
    )


def _prompt_bytes(request_body: bytes) -> int | None:
    """Of the system prompt and all messages."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("messages"), list):
        return None
    texts = [request.get("system"), *(message.get("content") for message in items(request["messages"]))]
    return sum(map(_content_bytes, texts))


def _content_bytes(content: object) -> int:
    """Of a text, or of the texts of a list of blocks."""
    if isinstance(content, str):
        return len(content.encode("utf-8", "surrogatepass"))
    texts = (block.get("text") for block in items(content))
    return sum(_content_bytes(text) for text in texts if isinstance(text, str))


MESSAGES = NativeApi(
    dialect=Dialect(
        parser=MessageParser,
        split=split_events,
        end_mark="message_stop",
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"(?:text|thinking|partial_json|name)"\s*:\s*"[^"]',
    ),
    request=lambda prompt, quirks: PromptCall(path="/messages", body=message_body(prompt, quirks)),
    path=re.compile(r"/messages$"),
    auth="x-api-key",
    version="/v1",
    headers=MappingProxyType({"anthropic-version": _API_VERSION}),
    listing=MODELS,
    first_answer=b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}\n\n',
)
