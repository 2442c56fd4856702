"""Gemini's token counts (https://ai.google.dev/api/generate-content#UsageMetadata), and a prompt's size."""

from __future__ import annotations

from probe.providers.gemini.response import UsageMetadata
from probe.providers.usage import TokenCounts
from probe.providers.values import decode_object, items, mapping


def token_counts(metadata: UsageMetadata) -> TokenCounts | None:
    """The counts in our terms; None where nothing is counted. A count of 0 is left out of the JSON.

    Thoughts are no part of the candidates, and what tools gave back is no part of the prompt.
    """
    prompt, candidates = metadata.prompt_token_count, metadata.candidates_token_count
    thoughts = metadata.thoughts_token_count
    if candidates is None and thoughts is None:
        output = None
        if prompt is None:
            return None
    else:
        output = (candidates or 0) + (thoughts or 0)
    if prompt is not None and metadata.tool_use_prompt_token_count is not None:
        prompt += metadata.tool_use_prompt_token_count
    # `TokenCounts(…)` would cost three times as much, for every event there is.
    return tuple.__new__(TokenCounts, (prompt, output, metadata.cached_content_token_count, None, thoughts))


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
