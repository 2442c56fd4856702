"""Cohere's second API: https://docs.cohere.com/v2/docs/streaming, https://docs.cohere.com/reference/errors"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, sse, standard_errors, to_json

USAGE = {
    "billed_units": {"input_tokens": 21.0, "output_tokens": 9.0},
    "tokens": {"input_tokens": 86.0, "output_tokens": 9.0},
    "cached_tokens": 8.0,
}


def event(kind: str, **rest: Any) -> bytes:
    return sse({"type": kind, **rest}, kind)


def content(index: int, **piece: str) -> bytes:
    return event("content-delta", index=index, delta={"message": {"content": piece}})


def beginning(index: int, kind: str) -> bytes:
    return event("content-start", index=index, delta={"message": {"content": {"type": kind, kind: ""}}})


def ending(**more: Any) -> bytes:
    return event("message-end", delta={"finish_reason": "COMPLETE", **more})


def message(**more: Any) -> bytes:
    contents = [{"type": "thinking", "thinking": "Which city?"}, {"type": "text", "text": "Paris is it."}]
    return to_json(
        {
            "id": "c-7",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": contents},
            **more,
        }
    )


CONTENT = (
    event("message-start", id="c-7", delta={"message": {"role": "assistant", "content": []}}),
    beginning(0, "thinking"),
    content(0, thinking="Which city?"),
    event("content-end", index=0),
    beginning(1, "text"),
    content(1, text="Paris"),
    content(1, text=" is it."),
    event("content-end", index=1),
)

CASE = DialectCase(
    dialect="cohere-v2",
    base_url="http://127.0.0.1:9",
    key_header=("authorization", "Bearer contract-key"),
    stream_path="/v2/chat",
    body_path="/v2/chat",
    stream_type="text/event-stream",
    text="Paris is it.",
    reasoning="Which city?",
    events=(*CONTENT, ending(usage=USAGE)),
    output=(2, 5, 6),
    body=message(usage=USAGE),
    uncounted_events=(*CONTENT, ending()),
    uncounted_body=message(),
    usage=Usage(input_tokens=21, output_tokens=9, cached_input_tokens=8),
    model=None,
    answer_id="c-7",
    finish_reason="COMPLETE",
    error_event=event("message-end", delta={"finish_reason": "ERROR", "error": "The generation failed."}),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(lambda _, message: {"id": "e-7", "message": message}),
        ErrorCase(status=498, body={"message": "invalid api token"}, kind="auth"),
        ErrorCase(status=499, body={"message": "request cancelled"}, kind="server_error"),
        ErrorCase(
            status=429,
            about="trial",
            body={"message": "You are using a Trial key, which is limited to 1000 API calls / month."},
            kind="billing",
        ),
    ),
    pages={
        "/v1/models?page_size=1000": {
            "models": [{"name": "command-a", "context_length": 288000, "endpoints": ["chat"]}],
            "next_page_token": "b3+/",
        },
        "/v1/models?page_size=1000&page_token=b3%2B%2F": {"models": [{"name": "embed-b"}]},
    },
    model_ids=("command-a", "embed-b"),
)
