"""Every wire in `tests/wires` is read as its documentation means it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from probe.providers.openai_chat.reading import read_chat
from probe.sample import Failed
from probe.wire.archive import load_capture

WIRES = Path(__file__).parents[1] / "wires"

# file: outcome, text, (input, output, cached, reasoning) tokens, time to first token in ms, request id
EXPECTED: dict[str, tuple[Any, ...]] = {
    "openai/stream.json": ("ok", "Paris.", (17, 2, 0, 0), 251, "req_6f1c0f3a"),
    "openai/hidden_reasoning.json": ("budget_exhausted", None, (17, 64, 0, 64), None, "req_6f1c0f3a"),
    "openai/invalid_api_key.json": ("auth", None, (None,) * 4, None, "req_0b2d"),
    "openai/insufficient_quota.json": ("billing", None, (None,) * 4, None, "req_0b2e"),
    "groq/stream.json": ("ok", "Paris.", (46, 3, None, None), 142, "req_01jbd6g2qd"),
    "groq/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "groq/decommissioned.json": ("not_found", None, (None,) * 4, None, None),
    "together/stream.json": ("ok", " Paris.", (21, 3, 0, None), 331, "oCfxkJt-4yUbBN-9a1f5e"),
    "together/context_length.json": ("bad_request", None, (None,) * 4, None, None),
    "openrouter/stream.json": ("ok", "Paris.", (17, 2, 0, 0), 644, "gen-1795262400-Kq2v"),
    # Without usage: 40 bytes of prompt and 3 of answer.
    "openrouter/error_in_stream.json": (
        "stream_error",
        "Par",
        (10, 1, None, None),
        640,
        "gen-1795262400-Kq2v",
    ),
    "openrouter/no_credits.json": ("billing", None, (None,) * 4, None, None),
    "openai_compatible/vllm_reasoning.json": ("ok", "Paris", (19, 8, None, None), 95, "chatcmpl-5b3e"),
    "openai_compatible/llama_cpp.json": ("ok", "Paris.", (22, 3, 4, None), 61, "chatcmpl-gWq9"),
    "openai_compatible/llama_cpp_loading.json": ("overloaded", None, (None,) * 4, None, None),
    "openai_compatible/sse_starlette.json": ("ok", "Paris", (10, 2, None, None), 80, "chatcmpl-gWq9"),
    "openai_compatible/gateway_page.json": ("server_error", None, (None,) * 4, None, None),
}


def test_every_wire_is_read_and_names_its_source() -> None:
    files = {str(path.relative_to(WIRES)) for path in WIRES.rglob("*.json")}
    sources = (WIRES / "README.md").read_text(encoding="utf-8")
    assert files == set(EXPECTED)
    assert {file for file in files if f"| {file} | http" not in sources} == set()


@pytest.mark.parametrize("file", EXPECTED)
def test_a_wire(file: str) -> None:
    outcome, text, tokens, ttft_ms, request_id = EXPECTED[file]
    reading = read_chat(load_capture(WIRES / file))
    assert (reading.outcome.kind if isinstance(reading.outcome, Failed) else "ok") == outcome
    assert reading.text == text
    usage = reading.usage
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert counts == tokens
    assert reading.timeline.ttft_seconds == (None if ttft_ms is None else pytest.approx(ttft_ms / 1000))
    assert reading.provider_request_id == request_id
