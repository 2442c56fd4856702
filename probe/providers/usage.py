"""Token counts: a provider's own, or an estimate that says it is one.

A provider's zero is believed only if nothing was there to count: a prompt is never empty, and an
answer that has text has tokens. Counts that are negative or beyond 2^31 are no counts.

The estimate is one token for every four bytes of UTF-8, rounded up: OpenAI's rule of thumb of four
characters for English text (https://help.openai.com/en/articles/4936856), and closer than characters for
scripts whose letters take three bytes. It knows nothing of the tokeniser or of the chat template, and can
be wrong by half.
"""

from typing import NamedTuple

from probe.facts.sample import Usage

BYTES_PER_TOKEN = 4
_MOST_TOKENS = 2**31 - 1


class TokenCounts(NamedTuple):
    """What a provider counted, in the terms of `Usage`: whole inputs and outputs, and parts of them."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


_NOTHING = TokenCounts()


def settle_usage(counted: TokenCounts | None, prompt_bytes: int | None, output_bytes: int) -> Usage:
    """The provider's counts; what it did not count is estimated, and then the whole is an estimate.

    `prompt_bytes` is the size of the prompt's text in UTF-8, None if it is unknown; `output_bytes`
    that of all output, reasoning included. If nothing came and nothing was counted, everything is
    unknown.
    """
    counted = counted or _NOTHING
    input_tokens = sound(counted.input_tokens) or None
    output_tokens = sound(counted.output_tokens)
    if output_tokens == 0 and (output_bytes or input_tokens is None):
        output_tokens = None
    estimated = False
    if input_tokens is None and prompt_bytes and (output_bytes or output_tokens is not None):
        input_tokens, estimated = _estimate(prompt_bytes), True
    if output_tokens is None and output_bytes:
        output_tokens, estimated = _estimate(output_bytes), True
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=_part(counted.cached_input_tokens, input_tokens),
        cache_write_tokens=_part(counted.cache_write_tokens, input_tokens),
        reasoning_tokens=_part(counted.reasoning_tokens, output_tokens),
        source="estimate" if estimated else "provider",
    )


def larger_counts(before: TokenCounts | None, after: TokenCounts) -> TokenCounts:
    """Of two counts of one answer, each figure's larger: what is counted along only grows."""
    if before is None or before == after:
        return after
    return TokenCounts(*(_larger(*pair) for pair in zip(before, after, strict=True)))


def _larger(before: int | None, after: int | None) -> int | None:
    known = [count for count in (sound(before), sound(after)) if count is not None]
    return max(known) if known else after


def sound(count: int | None) -> int | None:
    """The count; None if it cannot be one."""
    return count if count is not None and 0 <= count <= _MOST_TOKENS else None


def _part(count: int | None, whole: int | None) -> int | None:
    """A part that claims to be larger than its whole is unknown."""
    count = sound(count)
    return None if count is None or (whole is not None and count > whole) else count


def _estimate(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)
