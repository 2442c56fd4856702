"""TGI's own API, `/generate_stream` and `/generate`: a prompt into a request, what comes back into an answer.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (`GenerateRequest`,
`StreamResponse`, `GenerateResponse`, `ErrorResponse`). A stream is one event for every token; the last one
also holds the whole text, and the details if they were requested. Its status is 200 whatever happens: an
error is an event, even if nothing was generated
(https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs, `generate_stream`).
Decoding is typed first; if a server puts another type than the API says, the same bytes are decoded again and
fitted field by field.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from probe.facts.sample import FailureKind, Reported
from probe.providers.answer import Answer
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.tgi.listing import INFO
from probe.providers.usage import TokenCounts, sound
from probe.providers.values import decode_object, fitted

# Without details there is no finish reason.
_NO_REASON = "unstated"

# What the status would have said, had it not been sent already.
_KINDS: Mapping[str, FailureKind] = MappingProxyType(
    {
        "overloaded": "overloaded",
        "validation": "bad_request",
        "template_error": "bad_request",
        "missing_template_variable": "bad_request",
        "tool_error": "bad_request",
    }
)

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,30})?")


def _request(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    """What the prompt leaves open is left to the engine.

    `inputs` is plain text: the contents of all messages, a blank line between two, without a chat template;
    the engine's `/v1/chat/completions` has one. No model is named: the engine serves one.
    """
    parameters: dict[str, Any] = {
        "max_new_tokens": prompt.max_tokens,
        "details": True,
        "return_full_text": False,
    }
    # A temperature of 0 is refused; no sampling is what it means, and the default.
    if prompt.temperature:
        parameters |= {"do_sample": True, "temperature": prompt.temperature}
    if prompt.seed is not None:
        parameters["seed"] = prompt.seed
    inputs = "\n\n".join(message.content for message in prompt.messages)
    return PromptCall(
        path="/generate_stream" if prompt.stream else "/generate",
        body={"inputs": inputs, "parameters": parameters},
    )


# Answers ----------------------------------------------------------------------------------------------------


class _Token(msgspec.Struct, gc=False):
    """`special` ones (the end of the sequence, turns of a chat) are no text of the answer."""

    text: str | None = None
    special: bool | None = None


class _Details(msgspec.Struct, gc=False):
    """`input_length` comes in streams only."""

    finish_reason: str | None = None
    generated_tokens: int | None = None
    input_length: int | None = None


class _Event(msgspec.Struct, gc=False):
    """`generated_text` is the whole text: in the last event of a stream, and in a body."""

    token: _Token | None = None
    generated_text: str | None = None
    details: _Details | None = None
    error: Any = None
    error_type: str | None = None


_decode = msgspec.json.Decoder(_Event).decode


def _decode_event(data: bytes) -> _Event:
    """One event, or a whole body. Raises ValueError, one line, if it is no JSON object in UTF-8.

    A body may be a list of one, as the endpoint `/` and the Hub's Inference API answer.
    """
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        stripped = data.strip()
        if stripped.startswith(b"[") and stripped.endswith(b"]"):
            data = stripped[1:-1]
        return fitted(_Event, decode_object(data))


class _Parser:
    """A `StreamParser`. The generated text ends a stream."""

    __slots__ = ("_answer", "_tokens", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._tokens = 0
        self.ended = False

    def on_event(self, data: bytes, _name: bytes, at_ns: int, /) -> Failure | None:
        event = _decode_event(data)
        if event.error:
            return _failure(event)
        if self.ended:
            self._answer.remarks.add("after_end_mark")
            return None
        token = event.token
        if token is not None:
            self._tokens += 1
            if token.text and not token.special:
                self._answer.take_text(token.text, at_ns)
        if event.generated_text is not None or event.details is not None:
            self._end(event, at_ns)
        return None

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        event = _decode_event(data)
        if event.error:
            return _failure(event)
        if event.generated_text is None:
            raise ValueError("no generated_text in it")
        self._end(event, at_ns)
        return None

    def close(self) -> None:
        """Every event has been read already."""

    def _end(self, event: _Event, at_ns: int) -> None:
        answer = self._answer
        self.ended = True
        # In a stream it repeats what its tokens were.
        if event.generated_text and not answer.pieces:
            answer.take_text(event.generated_text, at_ns)
        details = event.details or _Details()
        head = answer.usage or TokenCounts()
        answer.finish_reason = details.finish_reason or _NO_REASON
        answer.usage = TokenCounts(
            input_tokens=details.input_length or head.input_tokens,
            output_tokens=details.generated_tokens or head.output_tokens or self._tokens,
        )


def _failure(event: _Event) -> Failure:
    error = error_object({"error": event.error})
    kind = _KINDS.get(event.error_type or "")
    return error if kind is None else failed(kind, error.message)


# The head of `/generate` ------------------------------------------------------------------------------------


def _take_head(answer: Answer, headers: Mapping[str, str]) -> None:
    """Counts and durations into the answer. The head of a stream, written before the work is done, has none.

    `x-compute-time` is in seconds, every other time in whole milliseconds, cut off
    (https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs,
    `generate_internal`). The time of inference is that of the prompt and the answer together, which TGI does
    not part: it stays out, so that no speed comes of it. The time of a token is that time through the tokens,
    as TGI means it, without its loss of up to a millisecond.
    """
    prompt_tokens = _count(headers.get("x-prompt-tokens"))
    tokens = _count(headers.get("x-generated-tokens"))
    total = _number(headers.get("x-compute-time"))
    inference = _milliseconds(headers.get("x-inference-time"))
    queue = _milliseconds(headers.get("x-queue-time"))
    each = inference / tokens if inference and tokens else _milliseconds(headers.get("x-time-per-token"))
    if prompt_tokens is not None or tokens is not None:
        answer.usage = TokenCounts(input_tokens=prompt_tokens, output_tokens=tokens)
    total = _milliseconds(headers.get("x-total-time")) if total is None else total
    if all(seconds is None for seconds in (total, queue, each)):
        return
    answer.reported = Reported(source="headers", queue_seconds=queue, itl_seconds=each, total_seconds=total)


def _count(value: str | None) -> int | None:
    number = _number(value)
    return sound(int(number)) if number is not None and number.is_integer() else None


def _milliseconds(value: str | None) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def _number(value: str | None) -> float | None:
    return float(value.strip()) if value is not None and _NUMBER.fullmatch(value.strip()) else None


class _Sent(msgspec.Struct):
    inputs: str


_decode_sent = msgspec.json.Decoder(_Sent).decode


def _prompt_bytes(request_body: bytes) -> int | None:
    try:
        return len(_decode_sent(request_body).inputs.encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


TGI = NativeApi(
    dialect=Dialect(
        parser=_Parser,
        split=split_events,
        end_mark="the generated text",
        on_head=_take_head,
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"(?:text|generated_text)"\s*:\s*"[^"]',
    ),
    request=_request,
    path=re.compile(r"/generate(_stream)?$"),
    auth="bearer",
    listing=INFO,
    first_answer=(
        b'data:{"index":1,"token":{"id":1,"text":".","logprob":0.0,"special":false},"generated_text":".",'
        b'"details":{"finish_reason":"length","generated_tokens":1,"input_length":1}}\n\n'
    ),
)
