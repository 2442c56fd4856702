"""Token counts: whichever envelope a provider put them in, or an estimate that says it is one.

A provider's zero is believed only where nothing was there to count: a prompt is never empty, and an
answer that has text has tokens. Counts that are negative or beyond 2^31 are no counts.

The estimate is one token for every four bytes of UTF-8, rounded up: OpenAI's rule of thumb of four
characters for English text (https://help.openai.com/en/articles/4936856), and closer than characters for
scripts whose letters take three bytes. It knows nothing of the tokeniser or of the chat template, and can
be wrong by half.
"""

from __future__ import annotations

import msgspec

from probe.providers.openai_chat.chunk import Chunk, Timings, TokenUsage
from probe.sample import Usage

BYTES_PER_TOKEN = 4
_MOST_TOKENS = 2**31 - 1


def counted_usage(chunk: Chunk) -> TokenUsage | None:
    """The counts in one event, from the first envelope that has any; None where none has."""
    if chunk.usage is not None and _has_counts(chunk.usage):
        return chunk.usage
    if chunk.x_groq is not None and chunk.x_groq.usage is not None and _has_counts(chunk.x_groq.usage):
        return chunk.x_groq.usage
    for choice in chunk.choices or ():
        # Moonshot puts it there.
        if choice.usage is not None and _has_counts(choice.usage):
            return choice.usage
    return None if chunk.timings is None else _from_timings(chunk.timings)


def settle_usage(counted: TokenUsage | None, prompt_bytes: int | None, output_bytes: int) -> Usage:
    """The provider's counts; what it did not count is estimated, and then the whole is an estimate.

    `prompt_bytes` is the size of the prompt's text in UTF-8, None where it is unknown; `output_bytes`
    that of all output, reasoning included. Where nothing came and nothing was counted, everything is
    unknown.
    """
    counted = counted or TokenUsage()
    input_tokens = _positive(_first(counted.prompt_tokens, counted.input_tokens))
    output_tokens = _sound(_first(counted.completion_tokens, counted.output_tokens))
    if output_tokens == 0 and (output_bytes or input_tokens is None):
        output_tokens = None
    reasoning_tokens = _sound(_reasoning(counted))
    if input_tokens and output_tokens and reasoning_tokens and _excludes_reasoning(counted):
        output_tokens += reasoning_tokens
    estimated = False
    if input_tokens is None and prompt_bytes and (output_bytes or output_tokens is not None):
        input_tokens, estimated = _estimate(prompt_bytes), True
    if output_tokens is None and output_bytes:
        output_tokens, estimated = _estimate(output_bytes), True
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=_at_most(_sound(_cached(counted)), input_tokens),
        reasoning_tokens=_at_most(reasoning_tokens, output_tokens),
        source="estimate" if estimated else "provider",
    )


def prompt_bytes(request_body: bytes) -> int | None:
    """The size in UTF-8 of all message texts in a request's body; None where it is no chat request."""
    try:
        request = _decode_request(request_body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return sum(len(message.content.encode()) for message in request.messages)


class _Message(msgspec.Struct):
    content: str = ""


class _Request(msgspec.Struct):
    messages: list[_Message]


_decode_request = msgspec.json.Decoder(_Request).decode


def _from_timings(timings: Timings) -> TokenUsage | None:
    if timings.prompt_n is None:
        return None
    return TokenUsage(
        prompt_tokens=timings.prompt_n + (timings.cache_n or 0),
        completion_tokens=timings.predicted_n,
        cached_tokens=timings.cache_n,
    )


def _has_counts(usage: TokenUsage) -> bool:
    return any((usage.prompt_tokens, usage.completion_tokens, usage.input_tokens, usage.output_tokens))


def _cached(usage: TokenUsage) -> int | None:
    details = usage.prompt_tokens_details
    return _first(
        details.cached_tokens if details is not None else None,
        usage.cached_tokens,
        usage.prompt_cache_hit_tokens,
    )


def _reasoning(usage: TokenUsage) -> int | None:
    details = usage.completion_tokens_details
    return _first(details.reasoning_tokens if details is not None else None, usage.reasoning_tokens)


def _excludes_reasoning(usage: TokenUsage) -> bool:
    """xAI and Gemini leave reasoning out of completion_tokens; the total betrays it."""
    parts = (
        _first(usage.prompt_tokens, usage.input_tokens),
        _first(usage.completion_tokens, usage.output_tokens),
        _reasoning(usage),
    )
    return usage.total_tokens == sum(part or 0 for part in parts)


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)


def _sound(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= _MOST_TOKENS else None


def _positive(count: int | None) -> int | None:
    return _sound(count) or None


def _at_most(count: int | None, whole: int | None) -> int | None:
    """A part that claims to be larger than its whole is unknown."""
    return None if count is None or (whole is not None and count > whole) else count


def _estimate(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)
