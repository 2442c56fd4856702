"""OpenAI's Responses: a prompt into a request, a stream or one response into an answer.

https://platform.openai.com/docs/api-reference/responses-streaming: the `type` in the data of an event says
what it is, whatever its name. That an item or a part was added is told when the request is accepted, and
that one is done repeats what the deltas said: neither is output.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.native.api import ListingCall, ModelListing, NativeApi, PromptCall
from probe.providers.openai_list.listing import Query, read_listing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint, Quirks
from probe.providers.protocol import Prompt
from probe.providers.reported import merge_reported, take_head, usd
from probe.providers.usage import TokenCounts
from probe.providers.values import (
    clean_text,
    decode_object,
    first_known,
    items,
    mapping,
    part,
    text,
    whole_number,
)

# What a delta adds to.
_TEXTS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING = frozenset({"response.reasoning_text.delta", "response.reasoning_summary_text.delta"})
_CALLS = frozenset({"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"})
# The response as it is at its end.
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_CALL_ITEMS = frozenset({"function_call", "custom_tool_call"})

# What some hosts end any stream with.
_DONE = b"[DONE]"


def _request(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """System messages make up `instructions`, a blank line between two. The API knows no seed.

    Nothing is stored at the provider, which OpenAI does unless told not to.
    """
    instructions = [message.content for message in prompt.messages if message.role == "system"]
    body: dict[str, Any] = {
        "model": prompt.model,
        "input": [
            {"role": message.role, "content": message.content}
            for message in prompt.messages
            if message.role != "system"
        ],
        "max_output_tokens": quirks.max_tokens_of(prompt.max_tokens),
        "store": False,
        "stream": prompt.stream,
    }
    if instructions:
        body["instructions"] = "\n\n".join(instructions)
    temperature = quirks.temperature_of(prompt.model, prompt.temperature)
    if temperature is not None:
        body["temperature"] = temperature
    if prompt.stream and quirks.pads_chunks:
        body["stream_options"] = {"include_obfuscation": False}
    return PromptCall(path="/responses", body=body, query=quirks.query)


class _Event(msgspec.Struct, gc=False):
    """What the events that a stream is full of have. Any other is decoded again, without types."""

    type: str
    delta: str = ""


_decode = msgspec.json.Decoder(_Event).decode


def _decode_event(data: bytes) -> _Event | None:
    """The event; None if it has another type somewhere than the API says."""
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        return None


class _Parser:
    """A `StreamParser`. The response as it is at its end ends a stream."""

    __slots__ = ("_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        event = _decode_event(data)
        if event is not None and event.delta and not self.ended:
            self._take_delta(event.type, event.delta, at_ns)
            return None
        if data.strip() in (_DONE, b""):
            return None
        said = decode_object(data)
        kind = text(said.get("type")) or name.decode("latin-1")
        if kind in _ENDS:
            self.ended = True
            return self._take_end(said, at_ns)
        if kind == "error" or said.get("error"):
            return error_object(said)
        if self.ended:
            if kind.endswith(".delta"):
                self._answer.remarks.add("after_end_mark")
        elif kind.endswith(".delta"):
            self._take_delta(kind, text(said.get("delta")) or "", at_ns)
        elif isinstance(said.get("response"), dict):
            self._take_names(said["response"])
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        response = decode_object(data)
        if not isinstance(response.get("output"), list):
            said = response.get("error")
            return error_object(response) if said else failed("malformed", "no output in the response")
        return self._take_response(response, at_ns)

    def close(self) -> None:
        """Every event has been read already."""

    def _take_delta(self, kind: str, piece: str, at_ns: int) -> None:
        """A piece of text, refusal, reasoning or call; audio, code and the like are none of them."""
        if not piece:
            return
        if kind in _TEXTS:
            self._answer.take_text(piece, at_ns)
        elif kind in _REASONING:
            self._answer.take_reasoning(piece, at_ns)
        elif kind in _CALLS:
            self._answer.take_call(piece, at_ns)

    def _take_end(self, event: Mapping[str, Any], at_ns: int) -> Failure | None:
        """Perplexity puts the error beside the response, not in it. Without a status the type tells it."""
        response = mapping(event.get("response"))
        if not clean_text(response.get("status")) and (kind := text(event.get("type"))):
            response = {**response, "status": kind.removeprefix("response.")}
        error = response.get("error") or event.get("error")
        failure = self._take_response(response, at_ns)
        return error_object({"error": error}) if error else failure

    def _take_response(self, response: Mapping[str, Any], at_ns: int) -> Failure | None:
        self._take_names(response)
        if not self._answer.has_answer:
            # One body, or a host whose stream has no deltas, or none but of reasoning.
            self._take_items(response, at_ns)
        self._take_usage(mapping(response.get("usage")))
        status = clean_text(response.get("status"))
        reason = clean_text(part(response, "incomplete_details").get("reason"))
        self._answer.finish_reason = reason or status
        if response.get("error"):
            return error_object({"error": response["error"]})
        return failed("stream_error", "the response failed without a reason") if status == "failed" else None

    def _take_names(self, response: Mapping[str, Any]) -> None:
        self._answer.id = clean_text(response.get("id")) or self._answer.id
        self._answer.model = clean_text(response.get("model")) or self._answer.model

    def _take_items(self, response: Mapping[str, Any], at_ns: int) -> None:
        has_reasoning = bool(self._answer.pieces)
        for item in items(response.get("output")):
            kind = text(item.get("type"))
            if kind == "message":
                for content in items(item.get("content")):
                    if found := text(first_known(content.get("text"), content.get("refusal"))):
                        self._answer.take_text(found, at_ns)
            elif kind == "reasoning" and not has_reasoning:
                for content in (*items(item.get("summary")), *items(item.get("content"))):
                    self._answer.take_reasoning(text(content.get("text")) or "", at_ns)
            elif kind in _CALL_ITEMS:
                arguments = text(first_known(item.get("arguments"), item.get("input"))) or ""
                self._answer.take_call((text(item.get("name")) or "") + arguments, at_ns)

    def _take_usage(self, usage: Mapping[str, Any]) -> None:
        """Cached tokens are counted among the input, those of reasoning among the output."""
        if not usage:
            return
        given = mapping(usage.get("input_tokens_details"))
        self._answer.usage = TokenCounts(
            input_tokens=whole_number(usage.get("input_tokens")),
            output_tokens=whole_number(usage.get("output_tokens")),
            # Perplexity calls it so.
            cached_input_tokens=whole_number(
                first_known(given.get("cached_tokens"), given.get("cache_read_input_tokens"))
            ),
            cache_write_tokens=whole_number(given.get("cache_write_tokens")),
            reasoning_tokens=whole_number(part(usage, "output_tokens_details").get("reasoning_tokens")),
        )
        cost = usd(first_known(part(usage, "cost").get("total_cost"), usage.get("cost")))
        if cost is not None:
            charged = Reported(source="response", cost_usd=cost)
            self._answer.reported = merge_reported(self._answer.reported, charged)


def _prompt_bytes(request_body: bytes) -> int | None:
    """Of the instructions and all messages."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if "input" not in request:
        return None
    return sum(len(piece.encode("utf-8", "surrogatepass")) for piece in _prompt_texts(request))


def _prompt_texts(request: Mapping[str, Any]) -> Iterator[str]:
    texts = [request.get("instructions"), request.get("input")]
    texts += [message.get("content") for message in items(request.get("input"))]
    return (piece for piece in texts if isinstance(piece, str))


def _read_page(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """That of chat completions, whatever of them is served here."""
    page = read_listing(value, endpoint.name, endpoint.quirks, endpoint.base_url)
    following = None if page.following is None else _listing(page.following)
    return ModelPage(models=page.models, following=following, total=page.total)


def _listing(query: Query = ()) -> ListingCall:
    return ListingCall(path="/models", query=query)


RESPONSES = NativeApi(
    dialect=Dialect(
        parser=_Parser,
        split=split_events,
        end_mark="response.completed",
        on_head=take_head,
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"delta"\s*:\s*"[^"]',
    ),
    request=_request,
    path=re.compile(r"/responses$"),
    auth="bearer",
    version="/v1",
    listing=ModelListing(first=_listing(), read=_read_page),
    first_answer=b'data: {"type":"response.output_text.delta","delta":"Hi"}\n\n',
)
