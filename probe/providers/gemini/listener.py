"""The events of a stream, or one body, into an answer: each is a whole `GenerateContentResponse`.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from probe.providers.answer import Answer
from probe.providers.failures import error_object, failed
from probe.providers.gemini.usage import token_counts
from probe.providers.reading import Trouble
from probe.providers.values import decode_object, items, label, mapping, text, written

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"

# What some proxies end any stream with.
_DONE = b"[DONE]"


class GenerateListener:
    """A `Listener`. Nothing marks the end of a stream but its framing."""

    __slots__ = ("_answer",)

    # Of no use here: see `Grammar.end_mark`.
    ended = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def event(self, data: bytes, _name: bytes, at_ns: int, /) -> Trouble:
        if not data.startswith(b"{") and data.strip() in (_DONE, b""):
            return None
        return self._take(decode_object(data), at_ns)

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        value = decode_object(data)
        trouble = self._take(value, at_ns)
        if trouble is None and not isinstance(value.get("candidates"), list):
            return failed("malformed", "no candidates in the answer")
        return trouble

    def _take(self, value: Mapping[str, Any], at_ns: int) -> Trouble:
        if value.get("error"):
            return error_object(value)
        answer = self._answer
        for candidate in items(value.get("candidates")):
            for part in items(mapping(candidate.get("content")).get("parts")):
                self._take_part(part, at_ns)
            reason = label(candidate.get("finishReason"))
            if reason and reason != _UNSPECIFIED:
                answer.finish_reason = reason
        # Every event counts the whole so far.
        metadata = value.get("usageMetadata")
        if isinstance(metadata, dict):
            answer.usage = token_counts(metadata) or answer.usage
        if answer.model is None:
            answer.model = label(value.get("modelVersion"))
        if answer.id is None:
            answer.id = label(value.get("responseId"))
        return _blocked(value.get("promptFeedback"))

    def _take_part(self, part: Mapping[str, Any], at_ns: int) -> None:
        found = text(part.get("text"))
        if found and part.get("thought") is True:
            self._answer.take_reasoning(found, at_ns)
        elif found:
            self._answer.take_text(found, at_ns)
        call = mapping(part.get("functionCall"))
        if call:
            arguments = call.get("args")
            name = text(call.get("name")) or ""
            self._answer.take_call(name + (written(arguments) if arguments else ""), at_ns)
        self._answer.take_call(text(mapping(part.get("executableCode")).get("code")) or "", at_ns)


def _blocked(feedback: object) -> Trouble:
    """A prompt that was not let through; there are no candidates then."""
    said = mapping(feedback)
    reason = label(said.get("blockReason"))
    if not reason:
        return None
    message = label(said.get("blockReasonMessage"))
    return failed("content_filter", f"the prompt was blocked: {reason}{f': {message}' if message else ''}")
