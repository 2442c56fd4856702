"""Cohere's chat, second version: a prompt into a request, a stream or one message into an answer.

https://docs.cohere.com/v2/docs/streaming: the `type` in the data of an event says what it is; its name may be
missing. Starts and ends of contents carry no output.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from probe.providers.answer import Answer
from probe.providers.cohere.listing import MODELS
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.usage import TokenCounts
from probe.providers.values import clean_text, decode_object, items, mapping, part, text, whole_number

_DONE = b"[DONE]"


def _request(prompt: Prompt, quirks: Quirks) -> PromptCall:
    body: dict[str, Any] = {
        "model": prompt.model,
        "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        "max_tokens": quirks.max_tokens_of(prompt.max_tokens),
        "stream": prompt.stream,
    }
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.seed is not None:
        body["seed"] = prompt.seed
    return PromptCall(path="/v2/chat", body=body)


class _Content(msgspec.Struct, gc=False):
    text: str = ""
    thinking: str = ""


class _Message(msgspec.Struct, gc=False):
    content: _Content


class _Delta(msgspec.Struct, gc=False):
    message: _Message


class _DeltaEvent(msgspec.Struct, gc=False, tag="content-delta", tag_field="type"):
    """The event that a stream is full of. Every other one is decoded without types."""

    delta: _Delta


_decode = msgspec.json.Decoder(_DeltaEvent).decode


def _decode_delta(data: bytes) -> _Content | None:
    """What is added; None if the event is another, or has another type somewhere than the API says."""
    try:
        return _decode(data).delta.message.content
    except (ValueError, RecursionError):
        return None


class _Parser:
    """A `StreamParser`. `message-end` ends a stream."""

    __slots__ = ("_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        content = _decode_delta(data)
        if content is not None and not self.ended:
            self._take_content(content.text, content.thinking, at_ns)
            return None
        if data.strip() in (_DONE, b""):
            return None
        event = decode_object(data)
        kind = text(event.get("type")) or name.decode("latin-1")
        delta = mapping(event.get("delta"))
        if kind == "message-end":
            self.ended = True
            return self._take_end(delta)
        if self.ended:
            if kind.endswith("-delta"):
                self._answer.remarks.add("after_end_mark")
        elif kind == "message-start":
            self._answer.id = clean_text(event.get("id"))
        elif kind == "content-delta":
            added = part(delta, "message", "content")
            self._take_content(text(added.get("text")) or "", text(added.get("thinking")) or "", at_ns)
        elif kind == "tool-plan-delta":
            self._answer.take_reasoning(text(part(delta, "message").get("tool_plan")) or "", at_ns)
        elif kind in ("tool-call-start", "tool-call-delta"):
            self._take_call(part(delta, "message", "tool_calls"), at_ns)
        elif not event.get("type") and (event.get("message") or event.get("error")):
            return error_object(event)
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        response = decode_object(data)
        message = response.get("message")
        if not isinstance(message, dict):
            said = message or response.get("error")
            return error_object(response) if said else failed("malformed", "no message in the answer")
        self._answer.id = clean_text(response.get("id"))
        self._answer.take_reasoning(text(message.get("tool_plan")) or "", at_ns)
        for content in items(message.get("content")):
            self._take_content(text(content.get("text")) or "", text(content.get("thinking")) or "", at_ns)
        for call in items(message.get("tool_calls")):
            self._take_call(call, at_ns)
        return self._take_end(response)

    def close(self) -> None:
        """Every event has been read already."""

    def _take_content(self, piece: str, thinking: str, at_ns: int) -> None:
        if piece:
            self._answer.take_text(piece, at_ns)
        self._answer.take_reasoning(thinking, at_ns)

    def _take_call(self, call: Mapping[str, Any], at_ns: int) -> None:
        function = mapping(call.get("function"))
        self._answer.take_call(
            (text(function.get("name")) or "") + (text(function.get("arguments")) or ""), at_ns
        )

    def _take_end(self, said: Mapping[str, Any]) -> Failure | None:
        self._answer.finish_reason = clean_text(said.get("finish_reason"))
        self._take_usage(mapping(said.get("usage")))
        return error_object({"error": said["error"]}) if said.get("error") else None

    def _take_usage(self, usage: Mapping[str, Any]) -> None:
        """The input that is billed, which leaves the chat template out, and the output as generated."""
        tokens, billed = mapping(usage.get("tokens")), mapping(usage.get("billed_units"))
        if tokens or billed:
            self._answer.usage = TokenCounts(
                input_tokens=whole_number((billed or tokens).get("input_tokens")),
                output_tokens=whole_number((tokens or billed).get("output_tokens")),
                cached_input_tokens=whole_number(usage.get("cached_tokens")),
            )


def _prompt_bytes(request_body: bytes) -> int | None:
    """Of all messages."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("messages"), list):
        return None
    texts = (message.get("content") for message in items(request["messages"]))
    return sum(len(piece.encode("utf-8", "surrogatepass")) for piece in texts if isinstance(piece, str))


CHAT = NativeApi(
    dialect=Dialect(
        parser=_Parser,
        split=split_events,
        end_mark="message-end",
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"(?:text|thinking|tool_plan|arguments|name)"\s*:\s*"[^"]',
    ),
    request=_request,
    path=re.compile(r"/v2/chat$"),
    auth="bearer",
    listing=MODELS,
    first_answer=b'data: {"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}\n\n',
)
