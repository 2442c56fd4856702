"""Ollama's own API, `/api/chat` and `/api/generate`: a prompt into a request, what comes back into an answer.

A stream is newline-delimited JSON (https://docs.ollama.com/api/streaming): each line carries a piece of text,
of thinking, or tool calls; the last one says `done`, and why. An error ends the stream as a line of its own
(https://docs.ollama.com/api/errors). `/api/chat` puts the answer into `message`, `/api/generate` beside it;
both are read alike. Decoding is typed first; if a server puts another type than the API says, the same bytes
are decoded again and fitted field by field.

The base URL is the server's own (http://localhost:11434); ollama.com wants a key, a local server none.
"""

import re
from typing import Any

import msgspec

from probe.facts.sample import Reported
from probe.lib.clock import NS_PER_SECOND
from probe.providers.answer import Answer
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.failures import failed
from probe.providers.framing import split_lines
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.ollama.listing import TAGS
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.usage import TokenCounts, sound
from probe.providers.values import decode_object, fitted, whole_text
from probe.wire.http1 import HttpResponse

# Old servers say `done` without a reason.
_NO_REASON = "unstated"

# Durations are Go's: 64 bits.
_LONGEST_NS = 2**63 - 1


def _chat(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    """What the prompt leaves open is left to the engine.

    https://github.com/ollama/ollama/blob/main/docs/api.md
    """
    messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
    return PromptCall(path="/api/chat", body={"model": prompt.model, "messages": messages, **_common(prompt)})


def _generate(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    """System messages make up `system`, all others, whatever their role, `prompt`: a blank line between."""
    system = [message.content for message in prompt.messages if message.role == "system"]
    others = [message.content for message in prompt.messages if message.role != "system"]
    body: dict[str, Any] = {"model": prompt.model, "prompt": "\n\n".join(others), **_common(prompt)}
    if system:
        body["system"] = "\n\n".join(system)
    return PromptCall(path="/api/generate", body=body)


def _common(prompt: Prompt) -> dict[str, Any]:
    # Without `keep_alive` the engine keeps the model loaded for as long as it would after any other request.
    options: dict[str, Any] = {"num_predict": prompt.max_tokens}
    if prompt.temperature is not None:
        options["temperature"] = prompt.temperature
    if prompt.seed is not None:
        options["seed"] = prompt.seed
    return {"stream": prompt.stream, "options": options}


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Line(msgspec.Struct, gc=False):
    """One line of a stream, or a whole body. Durations are nanoseconds; what is 0 or empty is left out.

    https://github.com/ollama/ollama/blob/main/api/types.go, `omitempty`
    """

    model: str | None = None
    remote_host: str | None = None
    message: _Message | None = None
    response: str | None = None
    thinking: str | None = None
    tool_calls: list[_ToolCall] | None = None
    done: bool | None = None
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    error: Any = None


_decode = msgspec.json.Decoder(_Line).decode


class _Parser:
    """A `StreamParser`. A line that is done ends a stream."""

    __slots__ = ("_answer", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = False

    def on_event(self, data: bytes, _name: bytes, at_ns: int, /) -> Failure | None:
        try:
            line = _decode(data)
        except (ValueError, RecursionError):
            line = fitted(_Line, decode_object(data))
        if line.error:
            return error_object({"error": line.error})
        if self.ended:
            self._answer.remarks.add("after_end_mark")
            return None
        self._take(line, at_ns)
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        try:
            line = _decode(data)
        except (ValueError, RecursionError):
            line = fitted(_Line, decode_object(data))
        if line.error:
            return error_object({"error": line.error})
        if line.message is None and line.response is None:
            raise ValueError("neither a message nor a response in it")
        self._take(line, at_ns)
        return failed("incomplete", "the answer says that it is not done") if line.done is False else None

    def close(self) -> None:
        """Every event has been read already."""

    def _take(self, line: _Line, at_ns: int) -> None:
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
            answer.pieces.append((at_ns, text, "text"))
        if calls:
            for call in calls:
                answer.take_call(_call_text(call), at_ns)
        if line.done:
            self.ended = True
            answer.finish_reason = line.done_reason or _NO_REASON
            answer.usage = _token_counts(line)
            answer.reported = _reported(line)


def _call_text(call: _ToolCall) -> str:
    """A call's function and its arguments as they were sent."""
    function = call.function
    if function is None:
        return ""
    return (function.name or "") + bytes(function.arguments).decode("utf-8", "replace")


def _is_stream(response: HttpResponse) -> bool:
    """Its content type says so, or a second object on a line of its own."""
    media_type = (response.header("content-type") or "").lower()
    return media_type.startswith(("application/x-ndjson", "application/ndjson")) or b"\n{" in response.body


#
# A server that clocked the evaluation leaves out what is 0: what is absent there is 0. One that passes on the
# answer of another (ollama.com) clocks the whole at most: what is absent there is unknown.
#
# `prompt_eval_count` left out as 0 means that nothing of the prompt had to be evaluated: all of it was in the
# cache. How long the prompt is has then not been said: `Usage` holds an estimate, marked as one, and
# `Reported` the evaluated 0. Servers that run on llama-server count the cached tokens in, while
# `prompt_eval_duration` is that of the others only; nothing in the answer tells them apart.
#
# `load_duration` begins with the request, so it holds the wait for a free slot as well as the loading
# (https://github.com/ollama/ollama/blob/main/server/routes.go, `checkpointLoaded`).


def _token_counts(line: _Line) -> TokenCounts | None:
    """None if the line has none."""
    counts = _meant(line, line.prompt_eval_count), _meant(line, line.eval_count)
    if counts == (None, None):
        return None
    return TokenCounts(input_tokens=counts[0], output_tokens=counts[1])


def _reported(line: _Line) -> Reported | None:
    """What the server says of the request; None if it says nothing."""
    spans = line.total_duration, line.load_duration, line.prompt_eval_duration, line.eval_duration
    if not line.remote_host and all(span is None for span in spans):
        return None
    return Reported(
        source="response",
        load_seconds=_seconds(_meant(line, line.load_duration)),
        prompt_seconds=_seconds(_meant(line, line.prompt_eval_duration)),
        prompt_tokens=sound(_meant(line, line.prompt_eval_count)),
        completion_seconds=_seconds(_meant(line, line.eval_duration)),
        completion_tokens=sound(_meant(line, line.eval_count)),
        total_seconds=_seconds(line.total_duration),
        upstream=whole_text(line.remote_host[:200]) if line.remote_host else None,
    )


def _meant(line: _Line, value: int | None) -> int | None:
    """The value, 0 if the line left it out for being 0."""
    return 0 if value is None and (line.eval_duration or line.prompt_eval_duration) else value


def _seconds(ns: int | None) -> float | None:
    return ns / NS_PER_SECOND if ns is not None and 0 <= ns <= _LONGEST_NS else None


class _SentMessage(msgspec.Struct):
    content: str = ""


class _Sent(msgspec.Struct):
    """The texts of a prompt, to either endpoint."""

    messages: list[_SentMessage] = msgspec.field(default_factory=list)
    prompt: str = ""
    system: str = ""


_decode_sent = msgspec.json.Decoder(_Sent).decode


def _prompt_bytes(request_body: bytes) -> int | None:
    try:
        sent = _decode_sent(request_body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    texts = (sent.prompt, sent.system, *(message.content for message in sent.messages))
    return sum(len(text.encode()) for text in texts)


_DIALECT = Dialect(
    parser=_Parser,
    split=split_lines,
    is_stream=_is_stream,
    end_mark="a line that is done",
    prompt_bytes=_prompt_bytes,
    output_pattern=rb'"(?:content|response|thinking|name)"\s*:\s*"[^"]',
)

OLLAMA_CHAT = NativeApi(
    dialect=_DIALECT,
    request=_chat,
    path=re.compile(r"/api/chat$"),
    auth="bearer",
    listing=TAGS,
    first_answer=(
        b'{"model":"none","message":{"role":"assistant","content":"."},"done":false}\n'
        b'{"model":"none","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n'
    ),
)

OLLAMA_GENERATE = NativeApi(
    dialect=_DIALECT,
    request=_generate,
    path=re.compile(r"/api/generate$"),
    auth="bearer",
    listing=TAGS,
    first_answer=(
        b'{"model":"none","response":".","done":false}\n'
        b'{"model":"none","response":"","done":true,"done_reason":"stop"}\n'
    ),
)
