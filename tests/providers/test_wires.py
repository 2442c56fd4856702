"""Every wire in `tests/wires` is read as its documentation means it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from probe.providers.reading import read_answer
from probe.providers.recognise import grammar_of
from probe.sample import Failed
from probe.wire.archive import load_capture

WIRES = Path(__file__).parents[1] / "wires"

GEMINI_ID = "R2sgadeYDe_knsEPtZ-_4Q"

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
    "anthropic/stream.json": ("ok", "Paris.", (16, 5, 0, None), 431.2, "req_011CT1a"),
    "anthropic/thinking.json": ("ok", "Paris.", (3252, 31, 2048, 24), 705.3, "req_011CT1b"),
    "anthropic/tool_use.json": ("ok", "I look it up.", (377, 54, 0, None), 530, "req_011CT1c"),
    "anthropic/max_tokens_thinking.json": ("budget_exhausted", None, (16, 64, 0, 60), 705, "req_011CT1d"),
    "anthropic/refusal.json": ("content_filter", "Hello", (16, 9, 0, None), 441, "req_011CT1e"),
    # The output was not counted yet: 3 bytes.
    "anthropic/error_in_stream.json": ("stream_error", "Par", (16, 1, 0, None), 441, "req_011CT1f"),
    "anthropic/body.json": ("ok", "Paris.", (16, 5, 0, None), None, "req_011CT1g"),
    "anthropic/invalid_api_key.json": ("auth", None, (None,) * 4, None, "req_011CT2a"),
    "anthropic/no_credit.json": ("billing", None, (None,) * 4, None, "req_011CT2b"),
    "anthropic/not_found.json": ("not_found", None, (None,) * 4, None, "req_011CT2c"),
    "anthropic/too_large.json": ("bad_request", None, (None,) * 4, None, "req_011CT2d"),
    "anthropic/rate_limited.json": ("rate_limited", None, (None,) * 4, None, "req_011CT2e"),
    "anthropic/overloaded.json": ("overloaded", None, (None,) * 4, None, "req_011CT2f"),
    "gemini/stream.json": ("ok", "Paris.", (10, 2, None, None), 520, GEMINI_ID),
    "gemini/thinking.json": ("ok", "Paris", (10, 26, 8, 25), 910, GEMINI_ID),
    "gemini/function_call.json": ("ok", None, (58, 14, None, None), 640, GEMINI_ID),
    "gemini/max_tokens.json": ("budget_exhausted", None, (10, 61, None, 61), None, GEMINI_ID),
    "gemini/safety.json": ("content_filter", "Par", (10, 1, None, None), 520, GEMINI_ID),
    "gemini/blocked_prompt.json": ("content_filter", None, (10, None, None, None), None, GEMINI_ID),
    "gemini/error_in_stream.json": ("stream_error", "Par", (10, 1, None, None), 520, GEMINI_ID),
    "gemini/body.json": ("ok", "Paris.", (10, 27, None, 25), None, GEMINI_ID),
    "gemini/invalid_api_key.json": ("auth", None, (None,) * 4, None, None),
    "gemini/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "gemini/not_found.json": ("not_found", None, (None,) * 4, None, None),
    "gemini/unavailable.json": ("overloaded", None, (None,) * 4, None, None),
    "gemini/location.json": ("permission", None, (None,) * 4, None, None),
    "ollama/chat_stream.json": ("ok", "Paris.", (33, 3, None, None), 127, None),
    "ollama/chat_body.json": ("ok", "Paris.", (33, 3, None, None), None, None),
    "ollama/chat_thinking.json": ("ok", "Paris", (24, 7, None, None), 130, None),
    "ollama/chat_tools.json": ("ok", None, (169, 15, None, None), 184, None),
    # Nothing of the prompt was evaluated: its 40 bytes are estimated.
    "ollama/chat_cached.json": ("ok", "Paris.", (10, 3, None, None), 31, None),
    "ollama/chat_length.json": ("budget_exhausted", None, (24, 2, None, None), 130, None),
    "ollama/cloud_stream.json": ("ok", "Paris.", (76, 12, None, None), 420, None),
    "ollama/generate_stream.json": ("ok", "Paris.", (33, 3, None, None), 127, None),
    "ollama/generate_body.json": ("ok", "Paris.", (33, 3, None, None), None, None),
    "ollama/generate_unstated.json": ("ok", "Paris.", (33, 3, None, None), 127, None),
    "ollama/load.json": ("empty", None, (None,) * 4, None, None),
    "ollama/error_in_stream.json": ("stream_error", " Yes.", (10, 2, None, None), 127, None),
    "ollama/model_not_found.json": ("not_found", None, (None,) * 4, None, None),
    "ollama/no_thinking.json": ("bad_request", None, (None,) * 4, None, None),
    "ollama/busy.json": ("overloaded", None, (None,) * 4, None, None),
    "ollama/runner_stopped.json": ("server_error", None, (None,) * 4, None, None),
    "ollama/unauthorized.json": ("auth", None, (None,) * 4, None, None),
    "ollama/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "tgi/stream.json": ("ok", " Paris.", (12, 3, None, None), 61, None),
    "tgi/length.json": ("ok", " Paris.", (12, 2, None, None), 61, None),
    "tgi/stop_sequence.json": ("ok", " Paris.", (12, 2, None, None), 61, None),
    # Without details: 40 bytes of prompt, and an event for each token.
    "tgi/no_details.json": ("ok", " Paris.", (10, 2, None, None), 61, None),
    "tgi/body.json": ("ok", " Paris.", (12, 3, None, None), None, None),
    "tgi/error_in_stream.json": ("stream_error", " Paris", (10, 2, None, None), 61, None),
    "tgi/overloaded_stream.json": ("overloaded", None, (None,) * 4, None, None),
    "tgi/validation_stream.json": ("bad_request", None, (None,) * 4, None, None),
    "tgi/validation.json": ("bad_request", None, (None,) * 4, None, None),
    "tgi/overloaded.json": ("overloaded", None, (None,) * 4, None, None),
    "tgi/generation.json": ("server_error", None, (None,) * 4, None, None),
    "tgi/incomplete.json": ("server_error", None, (None,) * 4, None, None),
    "tgi/unhealthy.json": ("overloaded", None, (None,) * 4, None, None),
    "tgi/unauthorized.json": ("auth", None, (None,) * 4, None, None),
}


def test_every_wire_is_read_and_names_its_source() -> None:
    files = {str(path.relative_to(WIRES)) for path in WIRES.rglob("*.json")}
    sources = (WIRES / "README.md").read_text(encoding="utf-8")
    assert files == set(EXPECTED)
    assert {file for file in files if f"| {file} | http" not in sources} == set()


@pytest.mark.parametrize("file", EXPECTED)
def test_a_wire(file: str) -> None:
    outcome, text, tokens, ttft_ms, request_id = EXPECTED[file]
    capture = load_capture(WIRES / file)
    reading = read_answer(capture, grammar_of(capture))
    assert (reading.outcome.kind if isinstance(reading.outcome, Failed) else "ok") == outcome
    assert reading.text == text
    usage = reading.usage
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert counts == tokens
    assert reading.timeline.ttft_seconds == (None if ttft_ms is None else pytest.approx(ttft_ms / 1000))
    assert reading.provider_request_id == request_id
