"""Understanding a capture of an answer of TGI's `/generate_stream` or `/generate`: pure, and total.

A stream is one event for every token; the last one also holds the whole text, and the details where they were
asked for. Its status is 200 whatever happens: an error is an event, even where nothing was generated
(https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs, `generate_stream`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from probe.facts.sample import FailureKind
from probe.providers.answer import Answer
from probe.providers.failures import error_object, failed
from probe.providers.reading import Grammar, Trouble
from probe.providers.sse import split_events
from probe.providers.tgi.event import Details, Event, decode_event
from probe.providers.tgi.heading import read_head
from probe.providers.usage import TokenCounts

# Matches once output has come, in a stream as well as in a body; see `WireRequest.output_pattern`.
OUTPUT_PATTERN = rb'"(?:text|generated_text)"\s*:\s*"[^"]'

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


class _Listener:
    __slots__ = ("_answer", "_tokens", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._tokens = 0
        self.ended = False

    def event(self, data: bytes, _name: bytes, at_ns: int, /) -> Trouble:
        event = decode_event(data)
        if event.error:
            return _trouble(event)
        if self.ended:
            raise ValueError("it follows the last token")
        token = event.token
        if token is not None:
            self._tokens += 1
            if token.text and not token.special:
                self._answer.take_text(token.text, at_ns)
        if event.generated_text is not None or event.details is not None:
            self._end(event, at_ns)
        return None

    def close(self) -> None:
        """Every event was read for what it says."""

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        event = decode_event(data)
        if event.error:
            return _trouble(event)
        if event.generated_text is None:
            raise ValueError("no generated_text in it")
        self._end(event, at_ns)
        return None

    def _end(self, event: Event, at_ns: int) -> None:
        answer = self._answer
        self.ended = True
        # In a stream it repeats what its tokens were.
        if event.generated_text and not answer.text:
            answer.take_text(event.generated_text, at_ns)
        details = event.details or Details()
        head = answer.usage or TokenCounts()
        answer.finish_reason = details.finish_reason or _NO_REASON
        answer.usage = TokenCounts(
            input_tokens=details.input_length or head.input_tokens,
            output_tokens=details.generated_tokens or head.output_tokens or self._tokens,
        )


def _trouble(event: Event) -> Trouble:
    error = error_object({"error": event.error})
    kind = _KINDS.get(event.error_type or "")
    return error if kind is None else failed(kind, error.message)


class _Request(msgspec.Struct):
    inputs: str


_decode_request = msgspec.json.Decoder(_Request).decode


def prompt_bytes(request_body: bytes) -> int | None:
    """The size of a prompt in UTF-8; None where it is no request of either endpoint."""
    try:
        return len(_decode_request(request_body).inputs.encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


GRAMMAR = Grammar(
    listener=_Listener,
    split=split_events,
    end_mark="the generated text",
    head=read_head,
    prompt_bytes=prompt_bytes,
    endings=MappingProxyType({"length": "limit"}),
)
