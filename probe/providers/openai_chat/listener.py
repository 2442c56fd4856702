"""The events of a stream, or one body, of the chat completions dialect into an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probe.providers.answer import Answer
from probe.providers.failures import error_object, failed, read_error
from probe.providers.openai_chat.chunk import (
    Chunk,
    Delta,
    ToolCall,
    decode_chunk,
    decode_loosely,
    decode_strictly,
    error_in,
)
from probe.providers.openai_chat.reported import merged, reported_by
from probe.providers.openai_chat.usage import counted_usage
from probe.providers.reading import Trouble

_DONE = b"[DONE]"
_NO_JSON = (_DONE, b"")

# Events whose name says that they are no chunk.
_NAMES = (b"error", b"ping")


class ChatListener:
    """A `Listener`. `[DONE]` ends a stream."""

    __slots__ = ("_along", "_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # The latest event that counts along with its output: only the last of a stream is worth its reading.
        self._along: Chunk | None = None
        self.ended = False

    def event(self, data: bytes, name: bytes, at_ns: int, /) -> Trouble:
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
        if self.ended:
            if (error := error_in(chunk)) is not None:
                return error_object(error)
            raise ValueError("it follows [DONE]")
        output = self._answer.output
        before = len(output)
        _take_choices(self._answer, chunk, at_ns)
        # Asked of every token, so that it stands here.
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
            return self._take_rest(chunk, along=len(output) > before)
        return None

    def close(self) -> None:
        if self._along is not None:
            self._report(self._along)

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        chunk = decode_chunk(data)
        _take_choices(self._answer, chunk, at_ns)
        _take_counts(self._answer, chunk)
        self._report(chunk)
        if (error := error_in(chunk)) is not None:
            return error_object(error)
        if chunk.choices is None:
            said = read_error(data).message
            return failed(
                "malformed", f"no choices in the answer: {said}" if said else "no choices in the answer"
            )
        return None

    def _take_rest(self, chunk: Chunk, *, along: bool) -> Trouble:
        """What is said beside the choices; `along` with output of theirs."""
        _take_counts(self._answer, chunk)
        if along:
            self._along = chunk
        else:
            self._report(chunk)
        error = error_in(chunk)
        return None if error is None else error_object(error)

    def _report(self, chunk: Chunk) -> None:
        """Keep what the event says, over what came along before it."""
        along, self._along = self._along, None
        for each in (along, chunk) if along is not chunk else (chunk,):
            if each is not None and (said := reported_by(each)) is not None:
                self._answer.reported = merged(self._answer.reported, said)


def _take_choices(answer: Answer, chunk: Chunk, at_ns: int) -> None:
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


def _take_counts(answer: Answer, chunk: Chunk) -> None:
    # Some servers count along in every chunk: the last count is the whole one.
    answer.usage = counted_usage(chunk) or answer.usage
    if chunk.x_groq is not None:
        answer.envelope_id = answer.envelope_id or chunk.x_groq.id


def _take_delta(answer: Answer, delta: Delta, at_ns: int) -> None:
    reasoning = delta.reasoning or delta.reasoning_content
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
