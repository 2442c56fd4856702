"""Token counts out of every envelope, and estimates that say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from probe.facts.sample import Usage
from probe.providers.openai_chat.chat import read_completion
from probe.providers.openai_chat.usage import prompt_bytes
from tests.wires.compose import PROMPT, chunk, stream_of

STOP = chunk(finish="stop")
PROMPT_ESTIMATE = -(-len(PROMPT) // 4)


def read_usage(*events: Any) -> Usage:
    return read_completion(stream_of(chunk("Paris it is"), *events, "[DONE]")).usage


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        pytest.param(
            {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}},
            (12, 3, None, None),
            id="usage",
        ),
        pytest.param(
            {
                "x_groq": {
                    "id": "r",
                    "usage": {"prompt_tokens": 12, "completion_tokens": 3, "queue_time": 0.1},
                }
            },
            (12, 3, None, None),
            id="x_groq",
        ),
        pytest.param(
            {
                "usage": {"prompt_tokens": 12, "completion_tokens": 3},
                "time_info": {"queue_time": 0.1, "prompt_time": 0.2, "completion_time": 0.3},
            },
            (12, 3, None, None),
            id="Cerebras",
        ),
        pytest.param(
            {"usage": {"prompt_tokens": 12, "completion_tokens": 3, "cost": 0.00012, "is_byok": False}},
            (12, 3, None, None),
            id="OpenRouter's cost",
        ),
        pytest.param(
            {"choices": [{"delta": {}, "usage": {"prompt_tokens": 12, "completion_tokens": 3}}]},
            (12, 3, None, None),
            id="in the choice",
        ),
        pytest.param(
            {"choices": [], "timings": {"prompt_n": 8, "cache_n": 4, "predicted_n": 3, "predicted_ms": 20.5}},
            (12, 3, 4, None),
            id="llama.cpp's timings",
        ),
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 40,
                    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 30},
                }
            },
            (12, 40, 8, 30),
            id="details",
        ),
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 40,
                    "prompt_tokens_details": None,
                    "completion_tokens_details": None,
                }
            },
            (12, 40, None, None),
            id="null details",
        ),
        pytest.param(
            {"usage": {"prompt_tokens": 12, "completion_tokens": 3, "prompt_cache_hit_tokens": 8}},
            (12, 3, 8, None),
            id="DeepSeek's cache",
        ),
        pytest.param(
            {"usage": {"input_tokens": 12, "output_tokens": 3}}, (12, 3, None, None), id="other names"
        ),
        pytest.param(
            {"usage": {"prompt_tokens": "12", "completion_tokens": 3.0}}, (12, 3, None, None), id="odd types"
        ),
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 3,
                    "total_tokens": 45,
                    "completion_tokens_details": {"reasoning_tokens": 30},
                }
            },
            (12, 33, None, 30),
            id="reasoning outside of completion_tokens",
        ),
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 3,
                    "prompt_tokens_details": {"cached_tokens": 99},
                    "completion_tokens_details": {"reasoning_tokens": 99},
                }
            },
            (12, 3, None, None),
            id="parts larger than their whole",
        ),
    ],
)
def test_envelopes(envelope: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    usage = read_usage(STOP, envelope)
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert counts == expected
    assert usage.source == "provider"


def test_the_last_of_several_counts_is_the_whole_one() -> None:
    counting = {**chunk("."), "usage": {"prompt_tokens": 12, "completion_tokens": 1}}
    usage = read_usage(
        counting, STOP, {"usage": {"prompt_tokens": 12, "completion_tokens": 4}}, {"usage": None}
    )
    assert (usage.input_tokens, usage.output_tokens) == (12, 4)


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"usage": None},
        {"usage": {}},
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}},
        {"usage": {"prompt_tokens": None, "completion_tokens": None}},
        {"usage": {"prompt_tokens": -1, "completion_tokens": -1}},
        {"usage": {"prompt_tokens": 10**30, "completion_tokens": 2**31}},
        {"usage": "none"},
        {"usage": {"prompt_tokens": "many", "completion_tokens": True}},
        {"usage": {"prompt_tokens": float("inf"), "completion_tokens": 2.5}},
    ],
)
def test_absent_and_absurd_counts_give_an_estimate(envelope: dict[str, Any]) -> None:
    assert read_usage(STOP, envelope) == Usage(
        input_tokens=PROMPT_ESTIMATE, output_tokens=3, source="estimate"
    )


def test_one_missing_count_makes_the_whole_an_estimate() -> None:
    usage = read_usage(STOP, {"usage": {"prompt_tokens": 12, "completion_tokens": 0}})
    assert usage == Usage(input_tokens=12, output_tokens=3, source="estimate")


def test_a_true_zero_is_kept() -> None:
    reading = read_completion(
        stream_of(STOP, {"usage": {"prompt_tokens": 12, "completion_tokens": 0}}, "[DONE]")
    )
    assert reading.usage == Usage(input_tokens=12, output_tokens=0, source="provider")


def test_an_estimate_counts_bytes_of_all_output() -> None:
    events: list[Any] = [
        chunk(reasoning="дума"),
        chunk("Pa"),
        chunk(tool_calls=[{"function": {"name": "fn", "arguments": "{}"}}]),
        STOP,
        "[DONE]",
    ]
    # 8 bytes of Cyrillic, 2 of text, 4 of a call: 14 bytes.
    assert read_completion(stream_of(*events)).usage.output_tokens == 4


def test_without_a_readable_request_the_input_stays_unknown() -> None:
    capture = stream_of(chunk("Paris"), STOP, "[DONE]")
    usage = read_completion(replace(capture, request_body=b"?")).usage
    assert usage == Usage(input_tokens=None, output_tokens=2, source="estimate")


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b'{"messages": [{"role": "user", "content": "abc"}, {"role": "user", "content": "d"}]}', 4),
        ('{"messages": [{"content": "é"}]}'.encode(), 2),
        (b'{"messages": []}', 0),
        (b"{}", None),
        (b"", None),
        (b"[" * 5000, None),
        (b'{"messages": [{"content": "\xff"}]}', None),
    ],
)
def test_prompt_bytes(body: bytes, size: int | None) -> None:
    assert prompt_bytes(body) == size


def counts_of(*envelopes: dict[str, Any]) -> tuple[int | None, int | None, int | None, str]:
    usage = read_usage(STOP, *({"choices": [], "usage": envelope} for envelope in envelopes))
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.source


@pytest.mark.parametrize(
    ("envelopes", "expected"),
    [
        # Reasoning that is told by the total only: any-llm#1290, clarifai-python#978
        (
            [{"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}],
            (20, 603, 405, "provider"),
        ),
        # Nothing counted beside the reasoning: CLIProxyAPI#5733
        (
            [
                {
                    "prompt_tokens": 21,
                    "completion_tokens": 0,
                    "total_tokens": 81,
                    "completion_tokens_details": {"reasoning_tokens": 60},
                }
            ],
            (21, 60, 60, "provider"),
        ),
        # A cache and citations are of the input, also if only the total holds them.
        (
            [{"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 46, "cached_tokens": 20}],
            (20, 6, None, "provider"),
        ),
        (
            [{"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 126, "citation_tokens": 100}],
            (20, 6, None, "provider"),
        ),
        # Zeros, or less than before, at the end of a stream
        (
            [
                {"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26},
                {"prompt_tokens": 20, "completion_tokens": 0, "total_tokens": 20},
            ],
            (20, 6, None, "provider"),
        ),
        (
            [
                {"prompt_tokens": 20, "completion_tokens": 1},
                {"prompt_tokens": 20, "completion_tokens": 5},
                {"prompt_tokens": 0, "completion_tokens": 6},
            ],
            (20, 6, None, "provider"),
        ),
        (
            [
                {"prompt_tokens": 20, "completion_tokens": 6},
                {"prompt_tokens": -1, "completion_tokens": 2**40},
            ],
            (20, 6, None, "provider"),
        ),
    ],
)
def test_counts_that_do_not_add_up(
    envelopes: list[dict[str, Any]], expected: tuple[int | None, int | None, int | None, str]
) -> None:
    assert counts_of(*envelopes) == expected
