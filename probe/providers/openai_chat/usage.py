"""Token counts in whichever envelope a provider put them, and the size of a prompt."""

import msgspec

from probe.providers.openai_chat.chunk import ChatChunk, Timings, TokenUsage
from probe.providers.usage import TokenCounts, sound


def counted_usage(chunk: ChatChunk) -> TokenCounts | None:
    """The counts in one event, from the first envelope that has any; None if none has."""
    if chunk.usage is not None and _has_counts(chunk.usage):
        return _counts(chunk.usage)
    if chunk.x_groq is not None and chunk.x_groq.usage is not None and _has_counts(chunk.x_groq.usage):
        return _counts(chunk.x_groq.usage)
    for choice in chunk.choices or ():
        # Moonshot puts it there.
        if choice.usage is not None and _has_counts(choice.usage):
            return _counts(choice.usage)
    return None if chunk.timings is None else _from_timings(chunk.timings)


def prompt_bytes(request_body: bytes) -> int | None:
    """The size in UTF-8 of all message texts in a request's body; None if it is no chat request."""
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


def _counts(usage: TokenUsage) -> TokenCounts:
    output_tokens, reasoning_tokens = _output(usage)
    return TokenCounts(
        input_tokens=_first(usage.prompt_tokens, usage.input_tokens),
        output_tokens=output_tokens,
        cached_input_tokens=_cached(usage),
        cache_write_tokens=_written(usage),
        reasoning_tokens=reasoning_tokens,
    )


def _output(usage: TokenUsage) -> tuple[int | None, int | None]:
    """All tokens of the output, and those of reasoning among them.

    Some leave reasoning out of `completion_tokens` (xAI, Gemini): the total betrays it, or a count of 0
    beside it. Perplexity, which alone counts citations, does so in the total, too. Some do not even count it,
    but for the total.
    """
    given = sound(_first(usage.prompt_tokens, usage.input_tokens))
    made = _first(usage.completion_tokens, usage.output_tokens)
    reasoning, total = _reasoning(usage), sound(usage.total_tokens)
    whole, part = sound(made), sound(reasoning)
    if not given or whole is None:
        return made, reasoning
    if part:
        excluded = total == given + whole + part or whole == 0 or usage.citation_tokens is not None
        return (whole + part if excluded else whole), reasoning
    hidden = None if total is None or not whole else total - given - whole
    if hidden is None or hidden <= 0 or hidden in _beside_the_prompt(usage):
        return made, reasoning
    return whole + hidden, hidden


def _beside_the_prompt(usage: TokenUsage) -> tuple[int, ...]:
    """What some count in the total only, and is of the input."""
    cached, written = _cached(usage) or 0, _written(usage) or 0
    return cached, written, cached + written, usage.citation_tokens or 0


def _from_timings(timings: Timings) -> TokenCounts | None:
    if timings.prompt_n is None:
        return None
    return TokenCounts(
        input_tokens=timings.prompt_n + (timings.cache_n or 0),
        output_tokens=timings.predicted_n,
        cached_input_tokens=timings.cache_n,
    )


def _has_counts(usage: TokenUsage) -> bool:
    return any((usage.prompt_tokens, usage.completion_tokens, usage.input_tokens, usage.output_tokens))


def _cached(usage: TokenUsage) -> int | None:
    details = usage.prompt_tokens_details or usage.input_tokens_details
    return _first(
        details.cached_tokens if details is not None else None,
        usage.cached_tokens,
        usage.prompt_cache_hit_tokens,
        usage.cache_read_input_tokens,
    )


def _written(usage: TokenUsage) -> int | None:
    details = usage.prompt_tokens_details or usage.input_tokens_details
    return _first(
        details.cache_write_tokens if details is not None else None, usage.cache_creation_input_tokens
    )


def _reasoning(usage: TokenUsage) -> int | None:
    details = usage.completion_tokens_details or usage.output_tokens_details
    return _first(details.reasoning_tokens if details is not None else None, usage.reasoning_tokens)


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)
