"""The JSON of `GenerateContentResponse`, as far as it is read: one event of a stream, or a whole body.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. Decoding is typed first; where
another type comes than the API says, the same bytes are decoded again without types and taken over field by
field, what does not fit being left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from probe.providers.values import decode_object, fitted


class Part(msgspec.Struct, gc=False, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    function_call: dict[str, Any] | None = None
    executable_code: dict[str, Any] | None = None


class Content(msgspec.Struct, gc=False):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: Content | None = None
    finish_reason: str | None = None


class UsageMetadata(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None


class Response(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[Candidate] | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: Any = None
    error: Any = None


decode_strictly = msgspec.json.Decoder(Response).decode
"""Raises ValueError or RecursionError for anything but what the API says."""


def decode_response(data: bytes) -> Response:
    """Raises ValueError, one line, where it is no JSON object in UTF-8."""
    try:
        return decode_strictly(data)
    except (ValueError, RecursionError):
        return decode_loosely(data)


def decode_loosely(data: bytes) -> Response:
    """The same without types, and the same errors as `decode_response`."""
    return fitted(Response, decode_object(data))
