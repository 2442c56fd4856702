"""Gemini's `generateContent`: a prompt into a request, a stream or one body into an answer.

Each event of a stream is a whole response
(https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse). Decoding is typed first; if
another type comes than the API says, the same bytes are decoded again and fitted field by field.
"""

import re
from typing import Any
from urllib.parse import quote

import msgspec

from probe.providers.answer import Answer
from probe.providers.dialect import Dialect, Failure
from probe.providers.error_object import error_object
from probe.providers.failures import failed
from probe.providers.framing import split_events
from probe.providers.gemini.listing import MODELS
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.usage import TokenCounts
from probe.providers.values import (
    clean_text,
    decode_object,
    decode_objects,
    fitted,
    items,
    mapping,
    text,
    written,
)

_COLLECTIONS = ("models/", "tunedModels/")
_ROLES = {"assistant": "model"}

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"

# What some proxies end any stream with.
_DONE = b"[DONE]"


def generate_content(prompt: Prompt, quirks: Quirks, collection: str = "models/") -> PromptCall:
    """To `generateContent`, or to `streamGenerateContent` with server-sent events.

    System messages make up `systemInstruction`, each a part of it.
    """
    config: dict[str, Any] = {"maxOutputTokens": quirks.max_tokens_of(prompt.max_tokens)}
    temperature = quirks.temperature_of(prompt.model, prompt.temperature)
    if temperature is not None:
        config["temperature"] = temperature
    if prompt.seed is not None:
        config["seed"] = prompt.seed
    body: dict[str, Any] = {
        "contents": [
            {"role": _ROLES.get(message.role, "user"), "parts": [{"text": message.content}]}
            for message in prompt.messages
            if message.role != "system"
        ],
        "generationConfig": config,
    }
    system = [{"text": message.content} for message in prompt.messages if message.role == "system"]
    if system:
        body["systemInstruction"] = {"parts": system}
    path = f"/{_resource(prompt.model, collection)}"
    if prompt.stream:
        return PromptCall(path=f"{path}:streamGenerateContent", query=(("alt", "sse"),), body=body)
    return PromptCall(path=f"{path}:generateContent", body=body)


def _resource(model: str, collection: str) -> str:
    """The model's name in the API, with or without its collection before it, as a part of a path."""
    return quote(model if model.startswith(_COLLECTIONS) else f"{collection}{model}", safe="/@")


# Answers ----------------------------------------------------------------------------------------------------


class _Part(msgspec.Struct, gc=False, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    function_call: dict[str, Any] | None = None
    executable_code: dict[str, Any] | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _UsageMetadata(msgspec.Struct, gc=False, rename="camel"):
    """https://ai.google.dev/api/generate-content#UsageMetadata. A count of 0 is left out of the JSON."""

    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None
    total_token_count: int | None = None


class _Response(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: Any = None
    error: Any = None


# Raises ValueError or RecursionError for anything but what the API says.
_decode = msgspec.json.Decoder(_Response).decode


class _Parser:
    """A `StreamParser`. Nothing marks the end of a stream but its framing."""

    __slots__ = ("_answer", "_counted")

    # Of no use here: see `Dialect.end_mark`.
    ended = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # Every event counts the whole so far, or some of it.
        self._counted: list[_UsageMetadata] = []

    def on_event(self, data: bytes, _name: bytes, at_ns: int, /) -> Failure | None:
        try:
            response = _decode(data)
        except (ValueError, RecursionError):
            if data.strip() in (_DONE, b""):
                return None
            response = fitted(_Response, decode_object(data))
        return self._take(response, at_ns)

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        # What was to be a stream comes as one array where `alt=sse` is lost on the way.
        responses = [fitted(_Response, each) for each in decode_objects(data)]
        failures = [self._take(response, at_ns) for response in responses]
        self.close()
        failure = next((failure for failure in failures if failure is not None), None)
        if failure is None and all(response.candidates is None for response in responses):
            return failed("malformed", "no candidates in the answer")
        return failure

    def close(self) -> None:
        if self._counted:
            self._answer.usage = _token_counts(_largest(self._counted))

    def _take(self, response: _Response, at_ns: int) -> Failure | None:
        if response.error:
            return error_object({"error": response.error})
        answer = self._answer
        for candidate in response.candidates or ():
            if candidate.content is not None:
                for part in candidate.content.parts or ():
                    if part.text and not part.thought:
                        answer.pieces.append((at_ns, part.text, "text"))
                    else:
                        self._take_part(part, at_ns)
            reason = candidate.finish_reason
            if reason and reason != _UNSPECIFIED:
                answer.finish_reason = reason
        counted = response.usage_metadata
        if counted is not None:
            self._counted.append(counted)
        if answer.model is None:
            answer.model = response.model_version
        if answer.id is None:
            answer.id = response.response_id
        return _blocked(response.prompt_feedback) if response.prompt_feedback else None

    def _take_part(self, part: _Part, at_ns: int) -> None:
        """A part that is no text of the answer: a thought, a call, code; a part is one thing only."""
        if part.text:
            self._answer.take_reasoning(part.text, at_ns)
        if part.function_call:
            name, arguments = part.function_call.get("name"), part.function_call.get("args")
            self._answer.take_call((text(name) or "") + (written(arguments) if arguments else ""), at_ns)
        if part.executable_code:
            self._answer.take_call(text(part.executable_code.get("code")) or "", at_ns)


def _largest(counted: list[_UsageMetadata]) -> _UsageMetadata:
    """Each count's largest: the last event may leave out what an earlier one told, or have a zero for it."""
    if len(counted) == 1:
        return counted[0]
    return _UsageMetadata(
        prompt_token_count=_most([each.prompt_token_count for each in counted]),
        tool_use_prompt_token_count=_most([each.tool_use_prompt_token_count for each in counted]),
        candidates_token_count=_most([each.candidates_token_count for each in counted]),
        thoughts_token_count=_most([each.thoughts_token_count for each in counted]),
        cached_content_token_count=_most([each.cached_content_token_count for each in counted]),
        total_token_count=_most([each.total_token_count for each in counted]),
    )


def _most(counts: list[int | None]) -> int | None:
    return max(filter(None, counts), default=None)


def _blocked(feedback: object) -> Failure | None:
    """A prompt that was not let through; there are no candidates then."""
    said = mapping(feedback)
    reason = clean_text(said.get("blockReason"))
    if not reason:
        return None
    message = clean_text(said.get("blockReasonMessage"))
    return failed("content_filter", f"the prompt was blocked: {reason}{f': {message}' if message else ''}")


def _token_counts(metadata: _UsageMetadata) -> TokenCounts | None:
    """The counts in our terms; None if nothing is counted.

    Thoughts are no part of the candidates, and what tools gave back is no part of the prompt.
    """
    prompt, candidates = metadata.prompt_token_count, metadata.candidates_token_count
    thoughts = metadata.thoughts_token_count
    if prompt is None and candidates is None and thoughts is None:
        return None
    if prompt is not None:
        prompt += metadata.tool_use_prompt_token_count or 0
    hidden = None if prompt is None else (metadata.total_token_count or 0) - prompt - (candidates or 0)
    if thoughts is None and candidates and hidden is not None and hidden > 0:
        thoughts = hidden
    output = None
    if candidates is not None or thoughts is not None or hidden == 0:
        output = (candidates or 0) + (thoughts or 0)
    return TokenCounts(
        input_tokens=prompt,
        output_tokens=output,
        cached_input_tokens=metadata.cached_content_token_count,
        reasoning_tokens=thoughts,
    )


def _prompt_bytes(request_body: bytes) -> int | None:
    """Of all parts that are text."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("contents"), list):
        return None
    contents = [mapping(request.get("systemInstruction")), *items(request["contents"])]
    texts = (part.get("text") for content in contents for part in items(content.get("parts")))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if isinstance(text, str))


GENERATE_CONTENT = NativeApi(
    dialect=Dialect(
        parser=_Parser,
        split=split_events,
        end_mark=None,
        prompt_bytes=_prompt_bytes,
        output_pattern=rb'"(?:text|name|code)"\s*:\s*"[^"]',
    ),
    request=generate_content,
    path=re.compile(r":(stream)?[gG]enerateContent$"),
    auth="x-goog-api-key",
    version="/v1beta",
    listing=MODELS,
    first_answer=b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}\n\n',
)
