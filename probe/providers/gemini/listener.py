"""The events of a stream, or one body, into an answer: each is a whole `GenerateContentResponse`.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from probe.providers.answer import Answer
from probe.providers.failures import error_object, failed
from probe.providers.gemini.response import (
    Part,
    Response,
    UsageMetadata,
    decode_loosely,
    decode_response,
    decode_strictly,
)
from probe.providers.gemini.usage import token_counts
from probe.providers.reading import Trouble
from probe.providers.values import label, mapping, text, written

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"

# What some proxies end any stream with.
_DONE = b"[DONE]"


class GenerateListener:
    """A `Listener`. Nothing marks the end of a stream but its framing."""

    __slots__ = ("_answer", "_counted")

    # Of no use here: see `Grammar.end_mark`.
    ended = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # The latest counts. Every event counts the whole so far, and only the last is worth its reading.
        self._counted: UsageMetadata | None = None

    def event(self, data: bytes, _name: bytes, at_ns: int, /) -> Trouble:
        try:
            # `decode_response`, but for a call on every token and a look for what is no JSON.
            response = decode_strictly(data)
        except (ValueError, RecursionError):
            if data.strip() in (_DONE, b""):
                return None
            response = decode_loosely(data)
        return self._take(response, at_ns)

    def close(self) -> None:
        if self._counted is not None:
            self._answer.usage = token_counts(self._counted)

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        response = decode_response(data)
        trouble = self._take(response, at_ns)
        self.close()
        if trouble is None and response.candidates is None:
            return failed("malformed", "no candidates in the answer")
        return trouble

    def _take(self, response: Response, at_ns: int) -> Trouble:
        if response.error:
            return error_object({"error": response.error})
        answer = self._answer
        for candidate in response.candidates or ():
            if candidate.content is not None:
                for part in candidate.content.parts or ():
                    if part.text and not part.thought:
                        answer.take_text(part.text, at_ns)
                    else:
                        self._take_part(part, at_ns)
            reason = candidate.finish_reason
            if reason and reason != _UNSPECIFIED:
                answer.finish_reason = reason
        counted = response.usage_metadata
        # The last may leave the output out where it was filtered.
        if counted is not None and (
            counted.candidates_token_count is not None
            or counted.thoughts_token_count is not None
            or not _has_output(self._counted)
        ):
            self._counted = counted
        if answer.model is None:
            answer.model = response.model_version
        if answer.id is None:
            answer.id = response.response_id
        return _blocked(response.prompt_feedback) if response.prompt_feedback else None

    def _take_part(self, part: Part, at_ns: int) -> None:
        """A part that is no text of the answer: a thought, a call, code; a part is one thing only."""
        if part.text:
            self._answer.take_reasoning(part.text, at_ns)
        if part.function_call:
            name, arguments = part.function_call.get("name"), part.function_call.get("args")
            self._answer.take_call((text(name) or "") + (written(arguments) if arguments else ""), at_ns)
        if part.executable_code:
            self._answer.take_call(text(part.executable_code.get("code")) or "", at_ns)


def _has_output(counted: UsageMetadata | None) -> bool:
    return counted is not None and (
        counted.candidates_token_count is not None or counted.thoughts_token_count is not None
    )


def _blocked(feedback: object) -> Trouble:
    """A prompt that was not let through; there are no candidates then."""
    said = mapping(feedback)
    reason = label(said.get("blockReason"))
    if not reason:
        return None
    message = label(said.get("blockReasonMessage"))
    return failed("content_filter", f"the prompt was blocked: {reason}{f': {message}' if message else ''}")
