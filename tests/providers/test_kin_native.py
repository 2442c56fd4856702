"""Gemini's, Anthropic's and Ollama's answers in the forms in which servers and gateways really send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probe.providers.anthropic.chat import MESSAGES
from probe.providers.gemini.chat import GENERATE_CONTENT
from probe.providers.ollama.chat import OLLAMA_CHAT
from tests.providers.kin import DONE, JSON, SSE, check, event


def part(text: str | None = None, finish: str | None = None, **counts: int) -> dict[str, Any]:
    content = {"role": "model", "parts": [] if text is None else [{"text": text}]}
    ending = {} if finish is None else {"finishReason": finish}
    return {
        "candidates": [{"content": content, **ending}],
        **(
            {"usageMetadata": {f"{name}TokenCount": count for name, count in counts.items()}}
            if counts
            else {}
        ),
    }


EXHAUSTED = {"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"}}
GEMINI_CASES: tuple[tuple[bytes, str, str, dict[str, Any]], ...] = (
    # An array where `alt=sse` was lost
    (
        JSON,
        json.dumps([part("Par"), part("is", "STOP", prompt=10, candidates=2)]),
        "ok",
        {"tokens": (10, 2, None, None)},
    ),
    (JSON, json.dumps([part("Par"), part("is", "STOP")], indent=2), "ok", {}),
    (JSON, json.dumps([part("Par"), EXHAUSTED]), "rate_limited", {"detail": "exhausted"}),
    (JSON, json.dumps([EXHAUSTED], indent=2), "rate_limited", {"detail": "exhausted"}),
    # An error without `data:` (vercel/ai#5217)
    (SSE, event(part("Paris")) + json.dumps(EXHAUSTED, indent=2), "rate_limited", {"detail": "exhausted"}),
    (SSE, event(part("Paris")) + json.dumps([EXHAUSTED], indent=2), "rate_limited", {"detail": "exhausted"}),
    # Zeros and absences, field by field
    (
        SSE,
        event(part("Paris", prompt=10, candidates=2))
        + event(part("", "STOP", prompt=0, candidates=0, total=0)),
        "ok",
        {"tokens": (10, 2, None, None)},
    ),
    (
        SSE,
        event(part("Paris", prompt=10, candidates=2)) + event(part("", "STOP", prompt=10, total=10)),
        "ok",
        {"tokens": (10, 2, None, None)},
    ),
    (
        SSE,
        event(part("Par", prompt=10)) + event(part("is", "STOP", candidates=2)),
        "ok",
        {"tokens": (10, 2, None, None)},
    ),
    (
        SSE,
        event(part("Par", prompt=10, thoughts=25)) + event(part("is", "STOP", prompt=10, candidates=2)),
        "ok",
        {"tokens": (10, 27, None, 25)},
    ),
    (
        SSE,
        event(part("Par", prompt=10, cachedContent=8)) + event(part("is", "STOP", prompt=10, candidates=2)),
        "ok",
        {"tokens": (10, 2, 8, None)},
    ),
    (
        SSE,
        event(part("Paris", prompt=10, candidates=5)) + event(part("", "STOP", prompt=10, candidates=3)),
        "ok",
        {"tokens": (10, 5, None, None)},
    ),
    (
        SSE,
        event(part("Paris", "STOP", prompt=10, candidates=2, total=40)),
        "ok",
        {"tokens": (10, 30, None, 28)},
    ),
    (
        SSE,
        event(part("Paris", "STOP", prompt=10, candidates=2, toolUsePrompt=28, total=40)),
        "ok",
        {"tokens": (38, 2, None, None)},
    ),
    (
        SSE,
        event(part(None, "STOP", prompt=10, total=10)),
        "empty",
        {"text": None, "tokens": (10, 0, None, None)},
    ),
)

START = event(
    {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 10, "output_tokens": 1}}}
)
BLOCK = event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Paris"}})
END = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}})
LAST = event({"type": "message_stop"})
ANTHROPIC_CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (START + BLOCK + END + LAST, "ok", {"tokens": (10, 5, None, None)}),
    (START + BLOCK + END + LAST + DONE, "ok", {}),
    (START + BLOCK + END + DONE, "ok", {"remarks": ("no_end_mark",)}),
    (f"event: ping\ndata: ping\n\n{START}{BLOCK}{END}{LAST}", "ok", {}),
    (
        START.replace("10", "0") + BLOCK + END.replace('{"output', '{"input_tokens":10,"output') + LAST,
        "ok",
        {"tokens": (10, 5, None, None)},
    ),
    (
        START + BLOCK + END.replace('{"output', '{"input_tokens":0,"output') + LAST,
        "ok",
        {"tokens": (10, 5, None, None)},
    ),
    (START + BLOCK + END.replace('"end_turn"', "null") + LAST, "incomplete", {}),
    # Types that are no text: the event's name counts
    (START + BLOCK + "event: message_delta\n" + END.replace('"message_delta"', "true") + LAST, "ok", {}),
    (
        START + BLOCK + END + LAST + event({"type": True}) + event({"type": {}}) + event({"type": ["x"]}),
        "ok",
        {},
    ),
    (
        START + "event: error\ndata: upstream died\n\n",
        "stream_error",
        {"detail": "upstream died", "text": None},
    ),
    (
        event(
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"},
            },
            "error",
        ),
        "billing",
        {"text": None},
    ),
)
OLLAMA_CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ('{"message":{"content":"Paris"}}\r\n\r\n{"message":{"content":""},"done":true}\r\n', "ok", {}),
    (
        '{"message":{"content":"<think>hm"}}\n{"message":{"content":"</think>"}}\n{"message":{"content":"Paris"}}\n{"done":true}\n',
        "ok",
        {"reasoning": "hm"},
    ),
    (
        '{"StatusCode":429,"error":"you have reached your hourly usage limit, please upgrade to continue"}\n',
        "billing",
        {"text": None},
    ),
)


@pytest.mark.parametrize(("head", "sent", "outcome", "rest"), GEMINI_CASES)
def test_gemini(head: bytes, sent: str, outcome: str, rest: dict[str, Any]) -> None:
    check(GENERATE_CONTENT.dialect, head, sent, outcome, rest)


@pytest.mark.parametrize(("sent", "outcome", "rest"), ANTHROPIC_CASES)
def test_anthropic(sent: str, outcome: str, rest: dict[str, Any]) -> None:
    check(MESSAGES.dialect, SSE, sent, outcome, rest)


@pytest.mark.parametrize(("sent", "outcome", "rest"), OLLAMA_CASES)
def test_ollama(sent: str, outcome: str, rest: dict[str, Any]) -> None:
    check(OLLAMA_CHAT.dialect, JSON, sent, outcome, rest)
