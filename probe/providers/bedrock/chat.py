"""Bedrock's Converse: a prompt into a request, a stream of frames or one message into an answer.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html: `messageStart` comes
when the request is accepted and is no output; `metadata` is the last event. What is not known is skipped.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.bedrock.listing import MODELS
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.eventstream import failure_in, is_frames, split_frames
from probe.providers.failures import failed
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.reported import milliseconds
from probe.providers.usage import TokenCounts
from probe.providers.values import (
    clean_text,
    decode_object,
    items,
    mapping,
    part,
    text,
    whole_number,
    written,
)

_DELTA = b"contentBlockDelta"


def _request(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """The API knows no seed. The model, which may be an ARN, is one segment of the path."""
    system = [{"text": message.content} for message in prompt.messages if message.role == "system"]
    limits: dict[str, Any] = {"maxTokens": quirks.max_tokens_of(prompt.max_tokens)}
    temperature = quirks.temperature_of(prompt.model, prompt.temperature)
    if temperature is not None:
        limits["temperature"] = temperature
    body: dict[str, Any] = {
        "messages": [
            {"role": message.role, "content": [{"text": message.content}]}
            for message in prompt.messages
            if message.role != "system"
        ],
        "inferenceConfig": limits,
    }
    if system:
        body["system"] = system
    call = "converse-stream" if prompt.stream else "converse"
    return PromptCall(path=f"/model/{quote(prompt.model, safe='')}/{call}", body=body)


# Answers ----------------------------------------------------------------------------------------------------


class _Text(msgspec.Struct, gc=False):
    text: str


class _DeltaEvent(msgspec.Struct, gc=False):
    """The event that a stream is full of, if it is text. Every other one is decoded without types."""

    delta: _Text


_decode = msgspec.json.Decoder(_DeltaEvent).decode


def _decode_text(data: bytes) -> str | None:
    """The piece of text; None if the delta is another, or has another type somewhere than the API says."""
    try:
        return _decode(data).delta.text
    except (ValueError, RecursionError):
        return None


class _Parser:
    """A `StreamParser`. `metadata` ends a stream."""

    __slots__ = ("_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        if name == _DELTA and not self.ended and (piece := _decode_text(data)) is not None:
            if piece:
                self._answer.take_text(piece, at_ns)
            return None
        failure = failure_in(name, data)
        if failure is not None:
            return failure
        event = decode_object(data) if data else {}
        if self.ended:
            if name == _DELTA:
                self._answer.remarks.add("after_end_mark")
        elif name == _DELTA:
            self._take_delta(mapping(event.get("delta")), at_ns)
        elif name == b"contentBlockStart":
            self._answer.take_call(text(part(event, "start", "toolUse").get("name")) or "", at_ns)
        elif name == b"messageStop":
            self._answer.finish_reason = clean_text(event.get("stopReason"))
        elif name == b"metadata":
            self.ended = True
            self._take_figures(event)
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        response = decode_object(data)
        message = part(response, "output", "message")
        if not isinstance(message.get("content"), list):
            said = response.get("message") or response.get("Message") or response.get("__type")
            return error_object(response) if said else failed("malformed", "no content in the answer")
        for block in items(message["content"]):
            tool = mapping(block.get("toolUse"))
            if found := text(block.get("text")):
                self._answer.take_text(found, at_ns)
            reasoning = part(block, "reasoningContent", "reasoningText").get("text")
            self._answer.take_reasoning(text(reasoning) or "", at_ns)
            if tool:
                arguments = tool.get("input")
                named = text(tool.get("name")) or ""
                self._answer.take_call(named + (written(arguments) if arguments else ""), at_ns)
        self._answer.finish_reason = clean_text(response.get("stopReason"))
        self._take_figures(response)
        return None

    def close(self) -> None:
        """Every event has been read already."""

    def _take_delta(self, delta: Mapping[str, Any], at_ns: int) -> None:
        """Signatures, redacted reasoning and citations are no output."""
        if found := text(delta.get("text")):
            self._answer.take_text(found, at_ns)
        self._answer.take_reasoning(text(part(delta, "reasoningContent").get("text")) or "", at_ns)
        self._answer.take_call(text(part(delta, "toolUse").get("input")) or "", at_ns)

    def _take_figures(self, said: Mapping[str, Any]) -> None:
        """Their `inputTokens` are those that no cache had anything to do with."""
        usage = mapping(said.get("usage"))
        if usage:
            uncached = whole_number(usage.get("inputTokens"))
            cached = whole_number(usage.get("cacheReadInputTokens"))
            cache_write = whole_number(usage.get("cacheWriteInputTokens"))
            self._answer.usage = TokenCounts(
                input_tokens=None if uncached is None else uncached + (cached or 0) + (cache_write or 0),
                output_tokens=whole_number(usage.get("outputTokens")),
                cached_input_tokens=cached,
                cache_write_tokens=cache_write,
            )
        total = milliseconds(part(said, "metrics").get("latencyMs"))
        if total is not None:
            self._answer.reported = Reported(source="response", total_seconds=total)


def _prompt_bytes(request_body: bytes) -> int | None:
    """Of the system prompt and all messages."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("messages"), list):
        return None
    blocks = items(request.get("system"))
    for message in items(request["messages"]):
        blocks += items(message.get("content"))
    texts = (block.get("text") for block in blocks)
    return sum(len(piece.encode("utf-8", "surrogatepass")) for piece in texts if isinstance(piece, str))


CONVERSE = NativeApi(
    dialect=Dialect(
        parser=_Parser,
        split=split_frames,
        is_stream=is_frames,
        end_mark="metadata",
        needs_end_mark=True,
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"(?:text|input|name)"\s*:\s*"[^"]',
    ),
    request=_request,
    path=re.compile(r"/model/[^/]+/converse(-stream)?$"),
    auth="bearer",
    listing=MODELS,
    # A contentBlockDelta of "Hi", as the SDK writes it.
    first_answer=bytes.fromhex(
        "0000009800000057715b77ef0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e"
        "742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e"
        "74656e74426c6f636b496e646578223a20302c202264656c7461223a207b2274657874223a20224869227d7d28f0287b"
    ),
)
