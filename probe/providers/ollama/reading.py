"""Understanding a capture of an answer of Ollama's `/api/chat` or `/api/generate`: pure, and total.

A stream is newline-delimited JSON (https://docs.ollama.com/api/streaming): each line carries a piece of text,
of thinking, or tool calls; the last one says `done`, and why. An error ends the stream as a line of its own
(https://docs.ollama.com/api/errors). Both endpoints are read alike.
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from probe.providers.answer import Answer
from probe.providers.failures import error_object, failed
from probe.providers.ndjson import split_lines
from probe.providers.ollama.figures import counted, reported
from probe.providers.ollama.line import Line, call_text, decode_line
from probe.providers.reading import Grammar, Trouble
from probe.wire.http1 import HttpResponse

# Matches once output has come, in a stream as well as in a body; see `WireRequest.output_pattern`.
OUTPUT_PATTERN = rb'"(?:content|response|thinking|name)"\s*:\s*"[^"]'

# Old servers say `done` without a reason.
_NO_REASON = "unstated"


class _Listener:
    __slots__ = ("_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = False

    def event(self, data: bytes, _name: bytes, at_ns: int, /) -> Trouble:
        line = decode_line(data)
        if line.error:
            return error_object({"error": line.error})
        if self.ended:
            raise ValueError("it follows the line that is done")
        self._take(line, at_ns)
        return None

    def close(self) -> None:
        """Every event was read for what it says."""

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        line = decode_line(data)
        if line.error:
            return error_object({"error": line.error})
        if line.message is None and line.response is None:
            raise ValueError("neither a message nor a response in it")
        self._take(line, at_ns)
        return failed("incomplete", "the answer says that it is not done") if line.done is False else None

    def _take(self, line: Line, at_ns: int) -> None:
        answer = self._answer
        if answer.model is None:
            answer.model = line.model or None
        message = line.message
        if message is None:
            thinking, text, calls = line.thinking, line.response, line.tool_calls
        else:
            thinking, text, calls = message.thinking, message.content, message.tool_calls
        if thinking:
            answer.take_reasoning(thinking, at_ns)
        if text:
            answer.take_text(text, at_ns)
        if calls:
            for call in calls:
                answer.take_call(call_text(call), at_ns)
        if line.done:
            self.ended = True
            answer.finish_reason = line.done_reason or _NO_REASON
            answer.usage = counted(line)
            answer.reported = reported(line)


def _is_stream(response: HttpResponse) -> bool:
    """Its content type says so, or a second object on a line of its own."""
    media_type = (response.header("content-type") or "").lower()
    return media_type.startswith(("application/x-ndjson", "application/ndjson")) or b"\n{" in response.body


class _Message(msgspec.Struct):
    content: str = ""


class _Request(msgspec.Struct):
    """The texts of a prompt, of either endpoint."""

    messages: list[_Message] = msgspec.field(default_factory=list)
    prompt: str = ""
    system: str = ""


_decode_request = msgspec.json.Decoder(_Request).decode


def prompt_bytes(request_body: bytes) -> int | None:
    """The size in UTF-8 of all texts of a prompt; None where it is no request of either endpoint."""
    try:
        request = _decode_request(request_body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    texts = (request.prompt, request.system, *(message.content for message in request.messages))
    return sum(len(text.encode()) for text in texts)


GRAMMAR = Grammar(
    listener=_Listener,
    split=split_lines,
    is_stream=_is_stream,
    end_mark="a line that is done",
    prompt_bytes=prompt_bytes,
    endings=MappingProxyType({"length": "limit"}),
)
