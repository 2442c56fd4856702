"""Streams of the hosts in which something departs from the dialect: outcome, owner and counts.

A failure of capacity in the middle of a stream is a failure of the stream: both are the provider's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from probe.facts.sample import FAULTS, DialectName, Failed
from probe.providers.factory import _native_apis
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from probe.providers.reading import read_answer
from tests.providers.readings import kind
from tests.wires.compose import capture_of, head


class Stream(NamedTuple):
    """`rest` are facts of the reading; the text is Paris where it succeeds and none is said."""

    about: str
    dialect: DialectName
    sent: str
    outcome: str
    rest: Mapping[str, Any] = MappingProxyType({})


def _data(*events: Any) -> str:
    return "".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in events)


def _chat(content: str = "Paris", finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}], **more}


def _part(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}]}}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], **more}


def _usage(**counts: Any) -> dict[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": 10, **counts}}


_END = _chat("", "stop")
_OVERLOADED = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
_EXHAUSTED = {"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}}
_CAPACITY = {"error": {**_EXHAUSTED["error"], "details": [{"reason": "MODEL_CAPACITY_EXHAUSTED"}]}}
_CLAUDE = (
    {"type": "message_start", "message": {"usage": {"input_tokens": 9}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Paris"}},
)
_CLAUDE_END = (
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
)
_CHAT: DialectName = "openai-chat"
_TWO = _data(_part("Par"), _part("is"))
STREAMS = (
    Stream("comments", _CHAT, ": PROCESSING\n\n" + _data(_chat(), _END, "[DONE]"), "ok"),
    Stream("event lines", _CHAT, "event: message\n" + _data(_chat(), _END, "[DONE]"), "ok"),
    Stream("no mark of the end", _CHAT, _data(_chat(), _END), "ok"),
    Stream("an unknown finish reason", _CHAT, _data(_chat(), _chat("", "sated"), "[DONE]"), "unknown_finish"),
    Stream("Mistral's limit", _CHAT, _data(_chat(), _chat("", "model_length"), "[DONE]"), "ok"),
    Stream("Mistral's error", _CHAT, _data(_chat(), _chat("", "error"), "[DONE]"), "stream_error"),
    Stream("watsonx was too slow", _CHAT, _data(_chat(), _chat("", "time_limit"), "[DONE]"), "stream_error"),
    Stream("watsonx cancelled", _CHAT, _data(_chat(), _chat("", "cancelled"), "[DONE]"), "stream_error"),
    Stream(
        *("xAI counts reasoning beside", _CHAT),
        _data(
            _chat(),
            _END,
            _usage(completion_tokens=2, total_tokens=52, completion_tokens_details={"reasoning_tokens": 40}),
            "[DONE]",
        ),
        *("ok", {"tokens": (10, 42, None, 40)}),
    ),
    Stream(
        *("OpenAI counts reasoning within", _CHAT),
        _data(
            _chat(),
            _END,
            _usage(completion_tokens=42, total_tokens=52, completion_tokens_details={"reasoning_tokens": 40}),
            "[DONE]",
        ),
        *("ok", {"tokens": (10, 42, None, 40)}),
    ),
    Stream(
        *("Databricks counts on the top level", _CHAT),
        _data(_chat(), _END, _usage(completion_tokens=42, cache_read_input_tokens=8), "[DONE]"),
        *("ok", {"tokens": (10, 42, 8, None)}),
    ),
    Stream(
        *("Perplexity counts reasoning beside", _CHAT),
        _data(
            _chat(),
            _END,
            _usage(completion_tokens=2, reasoning_tokens=40, citation_tokens=10, total_tokens=12),
            "[DONE]",
        ),
        *("ok", {"tokens": (10, 42, None, 40)}),
    ),
    Stream(
        "MiniMax has no balance",
        _CHAT,
        json.dumps(
            {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
        ),
        "billing",
    ),
    Stream(
        "MiniMax limits",
        _CHAT,
        json.dumps({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}),
        "rate_limited",
    ),
    Stream(
        "MiniMax knows no key",
        _CHAT,
        json.dumps({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
        "auth",
    ),
    Stream(
        "thoughts",
        "gemini",
        _data(
            {
                "candidates": [
                    {
                        "content": {"parts": [{"text": "Which?", "thought": True}, {"text": "Paris"}]},
                        "finishReason": "STOP",
                    }
                ]
            }
        ),
        "ok",
        {"reasoning": "Which?"},
    ),
    Stream(
        "prompts of tools",
        "gemini",
        _data(
            _part(
                "Paris",
                "STOP",
                usageMetadata={
                    "promptTokenCount": 10,
                    "toolUsePromptTokenCount": 5,
                    "candidatesTokenCount": 2,
                    "thoughtsTokenCount": 40,
                },
            )
        ),
        "ok",
        {"tokens": (15, 42, None, 40)},
    ),
    Stream(
        "printed over lines",
        "gemini",
        _TWO + json.dumps(_OVERLOADED, indent=2),
        "stream_error",
        {"detail": "The model is overloaded."},
    ),
    Stream(
        "a list of one",
        "gemini",
        _TWO + json.dumps([_EXHAUSTED], indent=2),
        "rate_limited",
        {"detail": "Resource exhausted."},
    ),
    Stream("an error as data", "gemini", _TWO + _data(_EXHAUSTED), "rate_limited"),
    Stream("no capacity", "gemini", _TWO + _data(_CAPACITY), "stream_error"),
    Stream(
        "a blocked prompt",
        "vertex-gemini",
        _data({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        "content_filter",
    ),
    Stream("with a mark of the end", "vertex-gemini", _data(_part("Paris", "STOP"), "[DONE]"), "ok"),
    Stream("comments at Google", "vertex-gemini", ": hello\n\n" + _data(_part("Paris", "STOP")), "ok"),
    Stream("Claude", "vertex-claude", _data(*_CLAUDE, *_CLAUDE_END), "ok", {"tokens": (9, 1, None, None)}),
    Stream(
        "Google's error within Claude",
        "vertex-claude",
        _data(*_CLAUDE, _OVERLOADED),
        "stream_error",
        {"detail": "The model is overloaded."},
    ),
    Stream("Google's quota within Claude", "vertex-claude", _data(*_CLAUDE, _EXHAUSTED), "rate_limited"),
    Stream(
        "the same, printed",
        "anthropic-messages",
        _data(*_CLAUDE) + json.dumps(_EXHAUSTED, indent=2),
        "rate_limited",
        {"detail": "Resource exhausted."},
    ),
    Stream(
        "Cohere without names",
        "cohere-v2",
        _data(
            {"type": "content-delta", "delta": {"message": {"content": {"text": "Paris"}}}},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
            "[DONE]",
        ),
        "ok",
    ),
    Stream(
        "Cohere's untyped error",
        "cohere-v2",
        _data(
            {"type": "content-delta", "delta": {"message": {"content": {"text": "Par"}}}},
            {"message": "internal server error"},
        ),
        "stream_error",
        {"detail": "internal server error"},
    ),
    Stream(
        "Perplexity's error beside the response",
        "openai-responses",
        _data(
            {
                "type": "response.failed",
                "response": {"status": "failed", "output": []},
                "error": {"code": "server_error", "message": "It broke."},
            }
        ),
        "stream_error",
        {"detail": "It broke."},
    ),
    Stream(
        "a keepalive",
        "openai-responses",
        _data(
            {"type": "keepalive"},
            {"type": "response.output_text.delta", "delta": "Paris"},
            {"type": "response.completed", "response": {"status": "completed"}},
        ),
        "ok",
    ),
    *(
        Stream(
            f"{kind} without a status",
            "openai-responses",
            _data(
                {"type": "response.output_text.delta", "delta": "Paris"},
                {"type": f"response.{kind}", "response": {"usage": {"input_tokens": 3, "output_tokens": 1}}},
            ),
            *(outcome, {"tokens": (3, 1, None, None)}),
        )
        for kind, outcome in (("completed", "ok"), ("incomplete", "incomplete"), ("failed", "stream_error"))
    ),
    Stream(
        "an answer without deltas behind thoughts with some",
        "openai-responses",
        _data(
            {"type": "response.reasoning_text.delta", "delta": "Hm"},
            {
                "type": "response.completed",
                "response": {
                    "status": "completed",
                    "output": [
                        {"type": "reasoning", "content": [{"text": "Hm"}]},
                        {"type": "message", "content": [{"type": "output_text", "text": "Paris"}]},
                    ],
                },
            },
        ),
        *("ok", {"reasoning": "Hm"}),
    ),
    Stream(
        "limited within",
        "openai-responses",
        _data({"type": "error", "code": "rate_limit_exceeded", "message": "Slow.", "param": None}),
        "rate_limited",
    ),
    Stream(
        "an image of nobody",
        "openai-responses",
        _data(
            {
                "type": "response.failed",
                "response": {
                    "status": "failed",
                    "error": {"code": "image_content_policy_violation", "message": "No."},
                },
            }
        ),
        "content_filter",
    ),
    Stream(
        "where the data may be",
        "openai-responses",
        _data(
            {
                "type": "response.failed",
                "response": {
                    "status": "failed",
                    "error": {"code": "data_residency_mismatch", "message": "No."},
                },
            }
        ),
        "permission",
    ),
    Stream(
        "an image that is none",
        "openai-responses",
        _data(
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "invalid_image_format", "message": "No."}},
            }
        ),
        "bad_request",
    ),
)


@pytest.mark.parametrize("row", STREAMS, ids=lambda row: row.about)
def test_a_stream(row: Stream) -> None:
    dialect = CHAT_COMPLETIONS if row.dialect == _CHAT else _native_apis()[row.dialect].dialect
    start = head(200) if row.sent.startswith(("data", "event", ":")) else head(200, "application/json")
    reading = read_answer(capture_of([(200.0, start), (210.0, row.sent.encode())]), dialect)
    assert kind(reading) == row.outcome, reading.outcome
    if isinstance(reading.outcome, Failed):
        assert reading.outcome.fault == FAULTS[reading.outcome.kind]
        assert row.rest.get("detail", "") in reading.outcome.detail
    else:
        assert reading.text == "Paris"
    usage = reading.usage
    counts = usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens
    assert counts == row.rest.get("tokens", counts)
    assert reading.reasoning_text == row.rest.get("reasoning")


def test_as_many_as_are_known() -> None:
    assert len(STREAMS) >= 26
