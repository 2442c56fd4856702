"""Gemini's token counts (https://ai.google.dev/api/generate-content#UsageMetadata), and a prompt's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from probe.providers.usage import TokenCounts
from probe.providers.values import count, decode_object, items, mapping


def token_counts(metadata: Mapping[str, Any]) -> TokenCounts | None:
    """`usageMetadata` in our terms; None where it counts nothing. A count of 0 is left out of the JSON.

    Thoughts are no part of the candidates, and what tools gave back is no part of the prompt.
    """
    prompt = count(metadata.get("promptTokenCount"))
    tools = count(metadata.get("toolUsePromptTokenCount"))
    candidates = count(metadata.get("candidatesTokenCount"))
    thoughts = count(metadata.get("thoughtsTokenCount"))
    if prompt is None and candidates is None and thoughts is None:
        return None
    return TokenCounts(
        input_tokens=None if prompt is None else prompt + (tools or 0),
        output_tokens=None
        if candidates is None and thoughts is None
        else (candidates or 0) + (thoughts or 0),
        cached_input_tokens=count(metadata.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
    )


def prompt_bytes(request_body: bytes) -> int | None:
    """The size in UTF-8 of all parts that are text; None where it is no such request."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("contents"), list):
        return None
    contents = [mapping(request.get("systemInstruction")), *items(request["contents"])]
    texts = (part.get("text") for content in contents for part in items(content.get("parts")))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if isinstance(text, str))
