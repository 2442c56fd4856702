"""How each dialect and host counts: its numbers, and whole input, whole output, cached and reasoning of them.

A cache or reasoning is a part of the count here and stands beside it there; the vendor's own arithmetic is in
the comment of each row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from probe.facts.sample import DialectName
from probe.providers.factory import _native_apis
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from probe.providers.reading import read_answer
from tests.wires.compose import body_of

Tokens = tuple[int | None, int | None, int | None, int | None]


class Row(NamedTuple):
    dialect: DialectName
    host: str
    usage: dict[str, Any]
    tokens: Tokens


def _gemini(**counts: int) -> dict[str, Any]:
    return {f"{name}TokenCount": count for name, count in counts.items()}


_THOUGHT = {"reasoning_tokens": 40}
ROWS = (
    # prompt ⊇ cached, completion ⊇ reasoning
    Row(
        *("openai-chat", "openai"),
        {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        | {"prompt_tokens_details": {"cached_tokens": 80}, "completion_tokens_details": _THOUGHT},
        (100, 50, 80, 40),
    ),
    # reasoning beside completion, as the total tells
    Row(
        *("openai-chat", "xai"),
        {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 150}
        | {"prompt_tokens_details": {"cached_tokens": 80}, "completion_tokens_details": _THOUGHT},
        (100, 50, 80, 40),
    ),
    # reasoning and citations beside completion
    Row(
        *("openai-chat", "perplexity"),
        {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "total_tokens": 110,
            "citation_tokens": 7,
            **_THOUGHT,
        },
        (100, 50, None, 40),
    ),
    # on the top level
    Row(
        *("openai-chat", "databricks"),
        {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, **_THOUGHT}
        | {"cache_read_input_tokens": 80},
        (100, 50, 80, 40),
    ),
    # hit and miss are the prompt
    Row(
        *("openai-chat", "deepseek"),
        {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        | {"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20},
        (100, 50, 80, None),
    ),
    # input ⊇ cached, output ⊇ reasoning
    Row(
        *("openai-responses", "openai"),
        {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
        | {"input_tokens_details": {"cached_tokens": 80}, "output_tokens_details": _THOUGHT},
        (100, 50, 80, 40),
    ),
    # the same under another name
    Row(
        *("openai-responses", "perplexity"),
        {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
        | {"input_tokens_details": {"cache_read_input_tokens": 80}},
        (100, 50, 80, None),
    ),
    # input + read + written; output ⊇ thinking
    Row(
        *("anthropic-messages", "anthropic"),
        {"input_tokens": 10, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 10}
        | {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 40}},
        (100, 50, 80, 40),
    ),
    Row(
        *("vertex-claude", "vertex"),
        {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 50},
        (100, 50, 90, None),
    ),
    Row(
        *("bedrock-invoke", "bedrock"),
        {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 50},
        (100, 50, 90, None),
    ),
    # input + read + written; reasoning is not told apart
    Row(
        *("bedrock-converse", "bedrock"),
        {"inputTokens": 10, "cacheReadInputTokens": 80, "cacheWriteInputTokens": 10, "outputTokens": 50}
        | {"totalTokens": 60},
        (100, 50, 80, None),
    ),
    # prompt ⊇ cached, and prompts of tools beside; candidates + thoughts
    Row(
        *("gemini", "gemini"),
        _gemini(prompt=90, cachedContent=80, toolUsePrompt=10, candidates=10, thoughts=40, total=150),
        (100, 50, 80, 40),
    ),
    Row(
        *("vertex-gemini", "vertex"),
        _gemini(prompt=100, cachedContent=80, candidates=10, thoughts=40, total=150),
        (100, 50, 80, 40),
    ),
    # what is billed of the input, what was generated of the output
    Row(
        *("cohere-v2", "cohere"),
        {"billed_units": {"input_tokens": 100.0, "output_tokens": 50.0}, "cached_tokens": 80.0}
        | {"tokens": {"input_tokens": 160.0, "output_tokens": 50.0}},
        (100, 50, 80, None),
    ),
)


def _answer(row: Row) -> dict[str, Any]:
    """One body of the dialect that says something."""
    text = {"type": "text", "text": "Paris"}
    claude = {"content": [text], "stop_reason": "end_turn", "usage": row.usage}
    part = {"content": {"parts": [{"text": "Paris"}]}, "finishReason": "STOP"}
    google = {"candidates": [part], "usageMetadata": row.usage}
    message = {"type": "message", "content": [{"type": "output_text", "text": "Paris"}]}
    choice = {"message": {"content": "Paris"}, "finish_reason": "stop"}
    bodies: dict[str, dict[str, Any]] = {
        "openai-chat": {"choices": [choice], "usage": row.usage},
        "openai-responses": {"status": "completed", "output": [message], "usage": row.usage},
        "anthropic-messages": claude,
        "vertex-claude": claude,
        "bedrock-invoke": claude,
        "bedrock-converse": {
            "output": {"message": {"content": [{"text": "Paris"}]}},
            "stopReason": "end_turn",
            "usage": row.usage,
        },
        "gemini": google,
        "vertex-gemini": google,
        "cohere-v2": {"message": {"content": [text]}, "finish_reason": "COMPLETE", "usage": row.usage},
    }
    return bodies[row.dialect]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.dialect} {row.host}")
def test_what_a_host_counts(row: Row) -> None:
    read = CHAT_COMPLETIONS if row.dialect == "openai-chat" else _native_apis()[row.dialect].dialect
    reading = read_answer(body_of(_answer(row)), read)
    usage = reading.usage
    assert reading.text == "Paris"
    assert usage.source == "provider"
    assert row.tokens == (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.reasoning_tokens,
    )
