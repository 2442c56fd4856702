"""Chat completions: a prompt into the arguments of an SDK, a stream or one body into an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probe.providers.answer import Answer
from probe.providers.dialect import HEARTBEATS, Dialect, Failure
from probe.providers.error_object import error_object, read_error
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.openai_chat.chunk import (
    ChatChunk,
    Delta,
    ToolCall,
    decode_chunk,
    decode_loosely,
    decode_strictly,
    error_in,
)
from probe.providers.openai_chat.reported import reported_by
from probe.providers.openai_chat.usage import counted_usage, prompt_bytes
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt, Reading
from probe.providers.reading import read_answer
from probe.providers.reported import merge_reported, take_head
from probe.providers.usage import larger_counts
from probe.wire.capture import Capture

_DONE = b"[DONE]"
_NO_JSON = (_DONE, b"")

# Events whose name says that they are no chunk.
_NAMES = (b"error", *HEARTBEATS)


def create_arguments(prompt: Prompt, quirks: Quirks) -> dict[str, Any]:
    """Keyword arguments of `chat.completions.create`. What the prompt leaves open is left out."""
    arguments: dict[str, Any] = {
        "model": prompt.model,
        "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        quirks.max_tokens_field: quirks.max_tokens_of(prompt.max_tokens),
        "stream": prompt.stream,
        "extra_headers": {"X-Client-Request-Id": str(prompt.request_id)},
    }
    temperature = quirks.temperature_of(prompt.model, prompt.temperature)
    if temperature is not None:
        arguments["temperature"] = temperature
    if prompt.seed is not None and quirks.seed_field == "seed":
        arguments["seed"] = prompt.seed
    if prompt.stream and quirks.ask_for_usage != "extra_body" and (options := _stream_options(quirks)):
        arguments["stream_options"] = options
    if extra := _extra_body(prompt, quirks):
        arguments["extra_body"] = extra
    return arguments


def _extra_body(prompt: Prompt, quirks: Quirks) -> dict[str, Any]:
    """Fields that the SDK does not know."""
    extra: dict[str, Any] = {}
    if prompt.seed is not None and quirks.seed_field is not None and quirks.seed_field != "seed":
        extra[quirks.seed_field] = prompt.seed
    if prompt.stream and quirks.ask_for_usage == "extra_body" and (options := _stream_options(quirks)):
        extra["stream_options"] = options
    return extra


def _stream_options(quirks: Quirks) -> dict[str, bool]:
    options: dict[str, bool] = {}
    if quirks.ask_for_usage != "never":
        options["include_usage"] = True
    if quirks.pads_chunks:
        options["include_obfuscation"] = False
    return options


# Answers ----------------------------------------------------------------------------------------------------


class _Parser:
    """A `StreamParser`. `[DONE]` ends a stream."""

    __slots__ = ("_answer", "_pending", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # The latest event that reports along with output: only the last of a stream is worth reading.
        self._pending: ChatChunk | None = None
        self.ended = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        if self.ended:
            self._take_late(data)
            return None
        if name and name in _NAMES and data.strip() not in _NO_JSON:
            return read_error(data) if name == b"error" else None
        try:
            # `decode_chunk`, but for a call on every token and a look for what is no JSON.
            chunk = decode_strictly(data)
        except (ValueError, RecursionError):
            if data.strip() in _NO_JSON:
                self.ended = self.ended or data.strip() == _DONE
                return None
            chunk = decode_loosely(data)
        pieces = self._answer.pieces
        before = len(pieces)
        _take_choices(self._answer, chunk, at_ns)
        # Checked for every token, so that it stands here.
        if (
            chunk.usage is not None
            or chunk.error is not None
            or chunk.provider is not None
            or chunk.timings is not None
            or chunk.x_groq is not None
            or chunk.time_info is not None
            or chunk.metrics is not None
            or chunk.perf_metrics is not None
        ):
            return self._take_rest(chunk, pending=len(pieces) > before)
        return None

    def _take_late(self, data: bytes) -> None:
        """A client has stopped reading by now, so that nothing here is the answer's; counts are welcome."""
        if data.strip() in _NO_JSON:
            return
        self._answer.remarks.add("after_end_mark")
        try:
            chunk = decode_chunk(data)
        except ValueError:
            return
        _take_counts(self._answer, chunk)
        self._report(chunk)

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        chunk = decode_chunk(data)
        _take_choices(self._answer, chunk, at_ns)
        _take_counts(self._answer, chunk)
        self._report(chunk)
        if (error := error_in(chunk)) is not None:
            return error_object(error)
        if chunk.choices is None:
            said = read_error(data)
            return said if said.message else failed("malformed", "no choices in the answer")
        return None

    def close(self) -> None:
        if self._pending is not None:
            self._report(self._pending)

    def _take_rest(self, chunk: ChatChunk, *, pending: bool) -> Failure | None:
        """What is said beside the choices; `pending`: it came with output of theirs."""
        _take_counts(self._answer, chunk)
        if pending:
            self._pending = chunk
        else:
            self._report(chunk)
        error = error_in(chunk)
        return None if error is None else error_object(error)

    def _report(self, chunk: ChatChunk) -> None:
        """Keep what the event says, over what was pending before it."""
        pending, self._pending = self._pending, None
        for each in (pending, chunk) if pending is not chunk else (chunk,):
            if each is not None and (said := reported_by(each)) is not None:
                self._answer.reported = merge_reported(self._answer.reported, said)


def _take_choices(answer: Answer, chunk: ChatChunk, at_ns: int) -> None:
    """Of one event, or of a whole body, which had arrived at `at_ns`."""
    if answer.model is None:
        answer.model = chunk.model or None
    if answer.id is None:
        answer.id = chunk.id or None
    if chunk.system_fingerprint:
        answer.system_fingerprint = chunk.system_fingerprint
    for choice in chunk.choices or ():
        if choice.finish_reason:
            answer.finish_reason = choice.finish_reason
        delta = choice.delta or choice.message
        if delta is not None:
            _take_delta(answer, delta, at_ns)
        elif choice.text:
            answer.take_text(choice.text, at_ns)
        if choice.usage is not None:
            _take_counts(answer, chunk)


def _take_counts(answer: Answer, chunk: ChatChunk) -> None:
    # Some servers count along in every chunk, and some end with zeros: the largest count is the whole one.
    counted = counted_usage(chunk)
    if counted is not None:
        answer.usage = larger_counts(answer.usage, counted)
    if chunk.x_groq is not None:
        answer.envelope_id = answer.envelope_id or chunk.x_groq.id


def _take_delta(answer: Answer, delta: Delta, at_ns: int) -> None:
    reasoning = delta.reasoning or delta.reasoning_content or delta.thinking or delta.reasoning_text
    if reasoning or delta.reasoning_details:
        answer.take_reasoning(reasoning or _details_text(delta.reasoning_details), at_ns)
    if delta.content:
        answer.take_text(delta.content, at_ns)
    if delta.refusal:
        answer.take_text(delta.refusal, at_ns)
    if delta.tool_calls or delta.function_call is not None:
        answer.take_call(_call_text(delta), at_ns)


def _details_text(details: Sequence[dict[str, Any]] | None) -> str:
    """OpenRouter's typed reasoning; an encrypted part is for the next request, not for a reader."""
    texts = (detail.get("text") or detail.get("summary") for detail in details or ())
    return "".join(text for text in texts if isinstance(text, str))


def _call_text(delta: Delta) -> str:
    calls = list(delta.tool_calls or ())
    if delta.function_call is not None:
        calls.append(ToolCall(function=delta.function_call))
    functions = (call.function for call in calls)
    return "".join((function.name or "") + (function.arguments or "") for function in functions if function)


CHAT_COMPLETIONS = Dialect(
    parser=_Parser,
    split=split_events,
    end_mark="[DONE]",
    on_head=take_head,
    prompt_bytes=prompt_bytes,
    output_pattern=(
        rb'"(?:content|reasoning|reasoning_content|refusal|arguments|name|text|thinking|summary)"\s*:\s*"[^"]'
    ),
)


def read_completion(capture: Capture) -> Reading:
    """What a capture of one chat completion says."""
    return read_answer(capture, CHAT_COMPLETIONS)
