"""Anthropic's messages.

https://docs.claude.com/en/docs/build-with-claude/streaming, https://docs.claude.com/en/api/errors
"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, sse, standard_errors, to_json

INPUT = {"input_tokens": 9, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 8}
DETAILS = {"output_tokens_details": {"thinking_tokens": 5}}


def event(kind: str, **rest: Any) -> bytes:
    return sse({"type": kind, **rest}, kind)


def start(**usage: Any) -> bytes:
    head: dict[str, Any] = {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "served-model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    return event("message_start", message=head | ({"usage": usage} if usage else {}))


def stop(**usage: Any) -> bytes:
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return event("message_delta", delta=delta, **({"usage": usage} if usage else {}))


def delta(index: int, kind: str, **rest: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **rest})


def message(**more: Any) -> bytes:
    content = [
        {"type": "thinking", "thinking": "Which city?", "signature": "EqQB"},
        {"type": "text", "text": "Paris is it."},
    ]
    return to_json(
        {
            "id": "msg_7",
            "type": "message",
            "role": "assistant",
            "model": "served-model",
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            **more,
        }
    )


def error(kind: str, text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_011"}


CONTENT = (
    event(
        "content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}
    ),
    event("ping"),
    delta(0, "thinking_delta", thinking="Which "),
    delta(0, "thinking_delta", thinking="city?"),
    delta(0, "signature_delta", signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
    event("content_block_stop", index=0),
    event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
    delta(1, "text_delta", text="Paris"),
    delta(1, "text_delta", text=" is it."),
    event("content_block_stop", index=1),
)
STOP = event("message_stop")

TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}

CASE = DialectCase(
    dialect="anthropic-messages",
    base_url="http://127.0.0.1:9",
    key_header=("x-api-key", "contract-key"),
    stream_path="/v1/messages",
    body_path="/v1/messages",
    stream_type="text/event-stream; charset=utf-8",
    text="Paris is it.",
    reasoning="Which city?",
    events=(start(**INPUT, output_tokens=1), *CONTENT, stop(output_tokens=12, **DETAILS), STOP),
    output=(3, 4, 8, 9),
    body=message(usage={**INPUT, "output_tokens": 12, **DETAILS}),
    uncounted_events=(start(), *CONTENT, stop(), STOP),
    uncounted_body=message(),
    usage=Usage(
        input_tokens=21, output_tokens=12, cached_input_tokens=8, cache_write_tokens=4, reasoning_tokens=5
    ),
    model="served-model",
    answer_id="msg_7",
    finish_reason="end_turn",
    error_event=sse(error("overloaded_error", "Overloaded"), "error"),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(lambda status, text: error(TYPES.get(status, "invalid_request_error"), text)),
        ErrorCase(
            status=400,
            about="no credit",
            body=error(
                "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing"
                " to upgrade or purchase credits.",
            ),
            kind="billing",
        ),
        ErrorCase(
            status=400,
            about="spend limit",
            body=error(
                "invalid_request_error",
                "You have reached your specified API usage limits. You will regain access on 2026-12-01"
                " at 00:00 UTC.",
            ),
            kind="billing",
        ),
        ErrorCase(
            status=400,
            about="too long",
            body=error("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
            kind="bad_request",
        ),
        ErrorCase(
            status=429,
            about="retry-after",
            body=error("rate_limit_error", "This request would exceed your organization's rate limit."),
            headers={"retry-after": "17"},
            kind="rate_limited",
            wait_seconds=17,
        ),
    ),
    pages={
        "/v1/models?limit=1000": {
            "data": [
                {
                    "type": "model",
                    "id": "claude-new",
                    "display_name": "Claude New",
                    "created_at": "2026-08-01T00:00:00Z",
                    "lifecycle": "active",
                    "max_input_tokens": 1_000_000,
                    "max_tokens": 128_000,
                }
            ],
            "has_more": True,
            "first_id": "claude-new",
            "last_id": "claude-new",
        },
        "/v1/models?limit=1000&after_id=claude-new": {
            "data": [{"type": "model", "id": "claude-old", "display_name": "Claude Old"}],
            "has_more": False,
            "first_id": "claude-old",
            "last_id": "claude-old",
        },
    },
    model_ids=("claude-new", "claude-old"),
)
