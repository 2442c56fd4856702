"""Chat completions in the forms in which servers really send them, each with where that was reported."""

from __future__ import annotations

from typing import Any

import pytest

from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from tests.providers.kin import DONE, JSON, SSE, check, event

GITHUB = "https://github.com/"
WHATWG = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
OPENROUTER = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
ANTHROPIC = "https://docs.claude.com/en/docs/build-with-claude/streaming"
MINIMAX = "https://platform.minimax.io/docs/api-reference/errorcode"


def delta(**said: Any) -> str:
    return event({"choices": [{"index": 0, "delta": said, "finish_reason": None}]})


def counted(**counts: Any) -> str:
    return event({"choices": [], "usage": counts})


TEXT = delta(content="Paris")
STOP = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
WHOLE = TEXT + STOP + DONE
BODY = {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}]}


def length(**said: Any) -> str:
    return event({"choices": [{"delta": said, "finish_reason": "length"}]}) + DONE


CHAT_CASES: tuple[tuple[str, str | bytes, str, dict[str, Any]], ...] = (
    # Framing
    (WHATWG, WHOLE.replace("\n", "\r"), "ok", {}),
    (WHATWG, WHOLE.replace("\n", "\r\n"), "ok", {}),
    (WHATWG, b"\xef\xbb\xbf" + WHOLE.encode(), "ok", {}),
    (WHATWG, WHOLE.replace("data: ", "data:"), "ok", {}),
    (WHATWG, f"retry: 3000\nid: 1\n{TEXT}id: 2\n{STOP}id: 3\n{DONE}", "ok", {}),
    (WHATWG, 'data: {"choices":\ndata: [{"delta":{"content":"Paris"}}]}\n\n' + STOP + DONE, "ok", {}),
    (WHATWG, f"event: message\n{TEXT}event: chat.completion.chunk\n{STOP}{DONE}", "ok", {}),
    (WHATWG, TEXT + STOP + "data: [DONE]", "ok", {}),
    (WHATWG, f"data:\n\n{TEXT}data: \n\n{STOP}{DONE}", "ok", {}),
    (OPENROUTER, f": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n{WHOLE}", "ok", {}),
    (GITHUB + "sysid/sse-starlette", f": ping - 2026\r\n\r\n{WHOLE}", "ok", {}),
    (ANTHROPIC, f"event: ping\ndata: {{}}\n\n{WHOLE}", "ok", {}),
    (GITHUB + "einaros/sse.js", f"{TEXT}event: heartbeat\ndata: ping\n\n{STOP}{DONE}", "ok", {}),
    (GITHUB + "einaros/sse.js", f"event: keepalive\ndata: keepalive\n\n{WHOLE}", "ok", {}),
    # Finish reasons
    (GITHUB + "ollama/ollama/issues/4357", WHOLE.replace("null", '""'), "ok", {}),
    (GITHUB + "sgl-project/sglang/issues/3912", TEXT.replace("null", '""') + DONE, "incomplete", {}),
    (GITHUB + "XiaomiMiMo/MiMo-Code/pull/2244", TEXT + DONE, "incomplete", {}),
    (
        GITHUB + "BerriAI/litellm/issues/376",
        TEXT.replace("null", '"stop"') * 2 + DONE,
        "ok",
        {"text": "ParisParis"},
    ),
    (
        GITHUB + "danny-avila/LibreChat/pull/5563",
        TEXT.replace(', "finish_reason": null', "") + STOP + DONE,
        "ok",
        {},
    ),
    (
        GITHUB + "pydantic/pydantic-ai/issues/7816",
        WHOLE.replace('"stop"', '"guardrail_intervened"'),
        "content_filter",
        {},
    ),
    (GITHUB + "BerriAI/litellm/issues/23273", WHOLE.replace('"stop"', '"error"'), "stream_error", {}),
    (
        GITHUB + "pydantic/pydantic-ai/issues/7678",
        WHOLE.replace('"stop"', '"sensitive"'),
        "content_filter",
        {},
    ),
    (GITHUB + "mistralai/client-python/issues/74", WHOLE.replace('"stop"', '"error"'), "stream_error", {}),
    ("https://ai.google.dev/api/generate-content", WHOLE.replace('"stop"', '"STOP"'), "ok", {}),
    # Deltas
    (
        GITHUB + "can1357/oh-my-pi/issues/2991",
        delta(content=None, reasoning_content="hm") + WHOLE,
        "ok",
        {"reasoning": "hm"},
    ),
    (GITHUB + "BerriAI/litellm/pull/27765", delta(reasoning="hm") + WHOLE, "ok", {"reasoning": "hm"}),
    (
        GITHUB + "juspay/neurolink/pull/1073",
        delta(reasoning_content="", reasoning="hm") + WHOLE,
        "ok",
        {"reasoning": "hm"},
    ),
    (
        GITHUB + "anima-research/animachat/pull/129",
        delta(reasoning=[{"text": "hm"}]) + WHOLE,
        "ok",
        {"reasoning": "hm"},
    ),
    (
        GITHUB + "anima-research/animachat/pull/129",
        delta(reasoning={"text": "hm"}) + WHOLE,
        "ok",
        {"reasoning": "hm"},
    ),
    (GITHUB + "earendil-works/pi", delta(reasoning_text="hm") + WHOLE, "ok", {"reasoning": "hm"}),
    (GITHUB + "earendil-works/pi", delta(thinking="hm") + WHOLE, "ok", {"reasoning": "hm"}),
    (
        "https://docs.mistral.ai/capabilities/reasoning",
        delta(content=[{"type": "text", "text": "Paris"}]) + STOP + DONE,
        "ok",
        {},
    ),
    (
        "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html",
        delta(content="<think>h") + delta(content="m</think>") + WHOLE,
        "ok",
        {"reasoning": "hm"},
    ),
    (
        "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html",
        length(content="<think>hm"),
        "budget_exhausted",
        {"reasoning": "hm", "text": None},
    ),
    (
        "https://platform.openai.com/docs/guides/reasoning",
        length(role="assistant", content=""),
        "budget_exhausted",
        {"text": None},
    ),
    (
        "https://platform.openai.com/docs/api-reference/chat-streaming",
        delta(refusal="No.") + STOP + DONE,
        "ok",
        {"text": "No."},
    ),
    (
        "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter",
        event({"choices": [], "id": "", "model": "", "prompt_filter_results": []}) + WHOLE,
        "ok",
        {},
    ),
    (
        "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter",
        event({"choices": [{"delta": None}]}) + WHOLE,
        "ok",
        {},
    ),
    # Usage
    (
        GITHUB + "router-for-me/CLIProxyAPI/issues/3076",
        TEXT.replace("}]}", '}],"usage":{"prompt_tokens":0,"completion_tokens":0}}')
        + STOP
        + counted(prompt_tokens=12, completion_tokens=2)
        + DONE,
        "ok",
        {"tokens": (12, 2, None, None)},
    ),
    (
        GITHUB + "openai/openai-node",
        TEXT
        + STOP
        + '\ndata: {"choices":null,"usage":{"prompt_tokens":12,"completion_tokens":2}}\n\n'
        + DONE,
        "ok",
        {"tokens": (12, 2, None, None)},
    ),
    (
        GITHUB + "QuantumNous/new-api",
        TEXT
        + STOP
        + counted(
            input_tokens=12,
            output_tokens=40,
            input_tokens_details={"cached_tokens": 8},
            output_tokens_details={"reasoning_tokens": 30},
        )
        + DONE,
        "ok",
        {"tokens": (12, 40, 8, 30)},
    ),
    (
        "https://docs.perplexity.ai/api-reference/chat-completions-post",
        TEXT
        + STOP
        + counted(prompt_tokens=12, completion_tokens=2, reasoning_tokens=40, total_tokens=54)
        + DONE,
        "ok",
        {"tokens": (12, 42, None, 40)},
    ),
    (
        GITHUB + "openlit/openlit/pull/1543",
        TEXT
        + STOP
        + counted(prompt_tokens=12, completion_tokens=2, completion_tokens_details={"reasoning_tokens": 0})
        + DONE,
        "ok",
        {"tokens": (12, 2, None, 0)},
    ),
    # Errors in a stream
    (
        GITHUB + "diegosouzapw/OmniRoute/pull/8210",
        TEXT
        + event(
            {
                "choices": [],
                "error": {"code": 502, "message": "Worker local total request limit reached (33/32)"},
            }
        )
        + DONE,
        "stream_error",
        {"detail": "Worker local"},
    ),
    (
        GITHUB + "nodetool-ai/nodetool/pull/5755",
        event(
            {
                "choices": [
                    {"delta": {}, "finish_reason": "error", "error": {"code": 429, "message": "slow down"}}
                ]
            }
        ),
        "rate_limited",
        {"detail": "slow down"},
    ),
    (
        GITHUB + "dativo-io/talon/issues/393",
        TEXT
        + 'data: {"partial":"chunk\n'
        + event({"type": "error", "error": {"message": "upstream died"}}, "error"),
        "stream_error",
        {"detail": "upstream died"},
    ),
    (
        GITHUB + "dativo-io/talon/pull/254",
        TEXT + event({"type": "error", "error": {"type": "api_error", "message": "died"}}, "error"),
        "stream_error",
        {"detail": "died"},
    ),
    (
        GITHUB + "Augustas11/macprovider/issues/186",
        TEXT + event({"error": {"message": "Provider disconnected", "code": "provider_disconnected"}}) + DONE,
        "stream_error",
        {"detail": "disconnected"},
    ),
    (
        GITHUB + "OpenCSGs/csghub-server/pull/1369",
        event({"error": {"code": "insufficient_balance", "message": "top up"}}) + DONE,
        "billing",
        {"detail": "top up"},
    ),
    (
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        event({"object": "error", "message": "The engine is dead", "code": 500}) + DONE,
        "stream_error",
        {"detail": "engine is dead"},
    ),
    (
        "https://fastapi.tiangolo.com/tutorial/handling-errors/",
        event({"detail": "Insufficient credits"}),
        "billing",
        {"detail": "Insufficient"},
    ),
    (OPENROUTER, event({"error": "rate limit exceeded"}) + DONE, "rate_limited", {"detail": "rate limit"}),
    (
        OPENROUTER,
        event({"error": '{"message":"slow down","code":429}'}) + DONE,
        "rate_limited",
        {"detail": "slow down"},
    ),
    (
        GITHUB + "jgravelle/jmunch-mcp/pull/5",
        "event: error\ndata: it broke\n\n",
        "stream_error",
        {"detail": "it broke"},
    ),
    (GITHUB + "preloop/preloop/pull/121", "", "incomplete", {}),
    (
        GITHUB + "songquanpeng/one-api",
        WHOLE.replace('{"choices"', '{"error":{"message":"","type":"","code":null},"choices"'),
        "ok",
        {},
    ),
    (
        MINIMAX,
        WHOLE.replace('{"choices"', '{"base_resp":{"status_code":0,"status_msg":""},"choices"'),
        "ok",
        {},
    ),
    (MINIMAX, event({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "x"}}), "billing", {}),
    (
        MINIMAX,
        event({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "x"}}),
        "rate_limited",
        {},
    ),
    (
        MINIMAX,
        TEXT + event({"choices": None, "base_resp": {"status_code": 1027, "status_msg": "x"}}),
        "content_filter",
        {},
    ),
)
BODY_CASES: tuple[tuple[str, bytes, Any, str, dict[str, Any]], ...] = (
    (
        GITHUB + "E-xyza/codicil/pull/4",
        JSON.replace(b"200", b"201"),
        BODY,
        "ok",
        {"remarks": ("status_not_200",)},
    ),
    (
        GITHUB + "ChatGPTNextWeb/NextChat/issues/4797",
        SSE.replace(b"200", b"201"),
        WHOLE,
        "ok",
        {"remarks": ("status_not_200",)},
    ),
    ("https://portkey.ai/docs/product/guardrails", JSON.replace(b"200", b"246"), BODY, "ok", {}),
    (
        "https://docs.nvidia.com/cloud-functions",
        JSON.replace(b"200", b"202"),
        {"status": "pending"},
        "malformed",
        {},
    ),
    (
        GITHUB + "maximhq/bifrost/pull/5963",
        JSON,
        {"error": {"message": "Insufficient credits", "code": 402}},
        "billing",
        {},
    ),
    (
        GITHUB + "nodetool-ai/nodetool/pull/5755",
        JSON,
        {
            "choices": [
                {
                    "message": {"content": None},
                    "finish_reason": "error",
                    "error": {"code": 429, "message": "slow down"},
                }
            ]
        },
        "rate_limited",
        {"detail": "slow down"},
    ),
    (
        "https://ai.google.dev/gemini-api/docs/openai",
        JSON,
        [{"error": {"code": 400, "message": "API key not valid"}}],
        "auth",
        {},
    ),
    (
        "https://developers.cloudflare.com/workers-ai/platform/errors/",
        JSON,
        {"success": False, "errors": [{"code": 3040, "message": "No more data centers"}]},
        "stream_error",
        {"detail": "data centers"},
    ),
    (
        MINIMAX,
        JSON,
        {"choices": None, "base_resp": {"status_code": 1039, "status_msg": "x"}},
        "rate_limited",
        {},
    ),
    (GITHUB + "sgl-project/sglang", JSON, WHOLE, "ok", {}),
    (GITHUB + "sgl-project/sglang", SSE, BODY, "ok", {}),
    (
        "https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page",
        SSE,
        "<html><title>Sign in</title></html>",
        "malformed",
        {"detail": "Sign in"},
    ),
)


@pytest.mark.parametrize(("source", "sent", "outcome", "rest"), CHAT_CASES)
def test_a_stream(source: str, sent: Any, outcome: str, rest: dict[str, Any]) -> None:
    assert source.startswith("https://")
    check(CHAT_COMPLETIONS, SSE, sent, outcome, rest)


@pytest.mark.parametrize(("source", "head", "sent", "outcome", "rest"), BODY_CASES)
def test_another_head_or_body(
    source: str, head: bytes, sent: Any, outcome: str, rest: dict[str, Any]
) -> None:
    assert source.startswith("https://")
    check(CHAT_COMPLETIONS, head, sent, outcome, rest)
