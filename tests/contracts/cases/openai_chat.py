"""OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, sse, standard_errors, to_json

USAGE = {"prompt_tokens": 21, "completion_tokens": 4, "total_tokens": 25}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-7",
        "object": "chat.completion.chunk",
        "created": 1795262400,
        "model": "served-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def completion(**more: Any) -> bytes:
    message = {"role": "assistant", "content": "Paris is it."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return to_json({"id": "chatcmpl-7", "model": "served-model", "choices": [choice], **more})


ANSWER = (
    sse(chunk({"role": "assistant", "content": ""})),
    sse(chunk({"content": "Paris"})),
    sse(chunk({"content": " is it."})),
    sse(chunk({}, "stop")),
)
COUNTS = sse({"id": "chatcmpl-7", "model": "served-model", "choices": [], "usage": USAGE})
DONE = sse("[DONE]")

CASE = DialectCase(
    dialect="openai-chat",
    base_url="http://127.0.0.1:9/v1",
    key_header=("authorization", "Bearer contract-key"),
    stream_path="/v1/chat/completions",
    body_path="/v1/chat/completions",
    stream_type="text/event-stream; charset=utf-8",
    text="Paris is it.",
    events=(*ANSWER, COUNTS, DONE),
    output=(1, 2),
    body=completion(usage=USAGE),
    uncounted_events=(*ANSWER, DONE),
    uncounted_body=completion(),
    usage=Usage(input_tokens=21, output_tokens=4),
    model="served-model",
    answer_id="chatcmpl-7",
    finish_reason="stop",
    error_event=sse({"error": {"message": "The server had an error", "type": "server_error"}}),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(
            lambda _, message: {"error": {"message": message, "type": "some_error", "code": None}}
        ),
        # https://platform.openai.com/docs/guides/error-codes
        ErrorCase(
            status=429,
            about="insufficient_quota",
            body={
                "error": {
                    "message": "You exceeded your current quota, please check your plan and billing details.",
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                }
            },
            kind="billing",
        ),
        ErrorCase(
            status=400,
            about="context_length_exceeded",
            body={
                "error": {
                    "message": "This model's maximum context length is 8192 tokens.",
                    "type": "invalid_request_error",
                    "code": "context_length_exceeded",
                }
            },
            kind="bad_request",
        ),
        ErrorCase(
            status=400,
            about="content_filter (Azure)",
            body={"error": {"message": "The response was filtered", "code": "content_filter", "status": 400}},
            kind="content_filter",
        ),
    ),
    pages={"/v1/models": {"object": "list", "data": [{"id": "a", "object": "model"}, {"id": "b"}]}},
    model_ids=("a", "b"),
)
