"""Every wire in `tests/wires` is read as its documentation means it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from probe.facts.sample import Failed, Reported
from probe.providers.factory import dialect_of
from probe.providers.reading import read_answer
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
    "gemini/blocked_prompt.json": ("content_filter", None, (10, 0, None, None), None, GEMINI_ID),
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
    "mistral/stream.json": ("ok", "Paris.", (17, 2, None, None), 253.0, "cmpl-5f1c"),
    "mistral/thinking.json": ("ok", "Paris.", (17, 9, None, None), 241.0, "cmpl-5f1c"),
    "mistral/unauthorized.json": ("auth", None, (None,) * 4, None, None),
    "mistral/extra_field.json": ("bad_request", None, (None,) * 4, None, None),
    "mistral/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "deepseek/reasoner.json": ("ok", "Paris.", (80, 9, 64, 7), 265.0, "b1e2-4c"),
    "deepseek/no_balance.json": ("billing", None, (None,) * 4, None, None),
    "xai/stream.json": ("ok", "Paris.", (17, 92, 4, 90), 241.0, "req_xai_1"),
    "xai/invalid_api_key.json": ("auth", None, (None,) * 4, None, None),
    "cerebras/stream.json": ("ok", "Paris.", (80, 12, 0, 4), 253.0, "req_cb_1"),
    "cerebras/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "fireworks/stream.json": ("ok", "Paris.", (17, 2, 0, None), 253.0, "8f7a-fw-1"),
    "fireworks/not_found.json": ("not_found", None, (None,) * 4, None, None),
    "deepinfra/stream.json": ("ok", "Paris.", (17, 2, None, None), 253.0, "chatcmpl-di1"),
    "deepinfra/unauthorized.json": ("auth", None, (None,) * 4, None, None),
    "perplexity/stream.json": ("ok", "Paris.", (7, 2, None, None), 241.0, "a1c9-pplx"),
    "perplexity/unauthorized.json": ("auth", None, (None,) * 4, None, None),
    "moonshot/stream.json": ("ok", "Paris.", (19, 13, 19, None), 253.0, "cmpl-ms1"),
    "moonshot/overloaded.json": ("overloaded", None, (None,) * 4, None, None),
    "zai/stream.json": ("ok", "Paris.", (14, 8, 2, None), 241.0, "20261121-zai"),
    "zai/no_balance.json": ("billing", None, (None,) * 4, None, None),
    "zai/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "novita/no_balance.json": ("billing", None, (None,) * 4, None, None),
    "nvidia/not_found.json": ("not_found", None, (None,) * 4, None, None),
    "huggingface/not_supported.json": ("not_found", None, (None,) * 4, None, None),
    "huggingface/credits.json": ("billing", None, (None,) * 4, None, None),
    "litellm/stream.json": ("ok", "Paris.", (17, 2, None, None), 253.0, "chatcmpl-ll1"),
    "litellm/budget.json": ("billing", None, (None,) * 4, None, None),
    "lmstudio/not_found.json": ("not_found", None, (None,) * 4, None, None),
    "sambanova/stream.json": ("ok", "Paris.", (17, 2, None, None), 253.0, "sn-1"),
    "sambanova/rate_limited.json": ("rate_limited", None, (None,) * 4, None, None),
    "nebius/unauthorized.json": ("auth", None, (None,) * 4, None, None),
    "scaleway/forbidden.json": ("permission", None, (None,) * 4, None, None),
    "azure/stream.json": ("ok", "Paris.", (17, 2, 0, 0), 265.0, "5d0b-az"),
    "azure/content_filter.json": ("content_filter", None, (None,) * 4, None, "5d0c-az"),
    "azure/rate_limited.json": ("rate_limited", None, (None,) * 4, None, "5d0d-az"),
    "azure/no_deployment.json": ("not_found", None, (None,) * 4, None, "5d0e-az"),
    "openrouter/cost.json": ("ok", "Paris.", (17, 2, 0, 0), 265.0, "gen-1795262400-cost"),
    "openai_compatible/vllm_metrics.json": ("ok", "Paris.", (17, 2, None, None), 253.0, "chatcmpl-vllm1"),
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
    reading = read_answer(capture, dialect_of(capture))
    assert (reading.outcome.kind if isinstance(reading.outcome, Failed) else "ok") == outcome
    assert reading.text == text
    usage = reading.usage
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert counts == tokens
    assert reading.timeline.ttft_seconds == (None if ttft_ms is None else pytest.approx(ttft_ms / 1000))
    assert reading.provider_request_id == request_id


REPORTED = {
    # The time in its head is when the head left.
    "mistral/stream.json": None,
    "xai/stream.json": Reported(source="response", cost_usd=Decimal("0.00025125")),
    "cerebras/stream.json": Reported(
        source="response",
        queue_seconds=0.0005,
        prompt_seconds=0.0031,
        prompt_tokens=80,
        completion_seconds=0.0062,
        completion_tokens=12,
        total_seconds=0.0152,
    ),
    "fireworks/stream.json": Reported(source="response", ttft_seconds=0.213, total_seconds=0.251),
    "deepinfra/stream.json": Reported(source="response", cost_usd=Decimal("0.00000058")),
    "perplexity/stream.json": Reported(source="response", cost_usd=Decimal("0.005009")),
    "litellm/stream.json": Reported(source="headers", cost_usd=Decimal("0.0000285")),
    "sambanova/stream.json": Reported(source="response", ttft_seconds=0.1512, total_seconds=0.1904),
    "azure/stream.json": None,
    "openrouter/cost.json": Reported(source="response", cost_usd=Decimal("0.00000375"), upstream="Azure"),
    "openai_compatible/vllm_metrics.json": Reported(
        source="response",
        queue_seconds=0.0015,
        prompt_seconds=0.2255,
        completion_seconds=0.0125,
        completion_tokens=2,
        ttft_seconds=0.227,
        itl_seconds=0.0125,
    ),
}


@pytest.mark.parametrize("file", REPORTED)
def test_what_a_wire_reports(file: str) -> None:
    capture = load_capture(WIRES / file)
    assert read_answer(capture, dialect_of(capture)).reported == REPORTED[file]


def test_tokens_written_to_a_cache() -> None:
    capture = load_capture(WIRES / "openrouter/cost.json")
    assert read_answer(capture, dialect_of(capture)).usage.cache_write_tokens == 8
