"""OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses-streaming"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, sse, standard_errors, to_json

COUNTS = {
    "input_tokens": 21,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 30,
}
ITEMS = [
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Which city?"}]},
    {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Paris is it.", "annotations": []}],
    },
]


def event(kind: str, **rest: Any) -> bytes:
    return sse({"type": kind, "sequence_number": 0, **rest}, kind)


def response(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_7",
        "object": "response",
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "served-model",
        "output": [],
        **more,
    }


def delta(kind: str, index: int, text: str) -> bytes:
    return event(f"response.{kind}.delta", item_id="i", output_index=index, content_index=0, delta=text)


def ending(**more: Any) -> bytes:
    return event("response.completed", response=response("completed", output=ITEMS, **more))


BEGINNING = (
    event("response.created", response=response("in_progress")),
    event("response.in_progress", response=response("in_progress")),
    event("response.output_item.added", output_index=0, item=ITEMS[0] | {"summary": []}),
)
CONTENT = (
    *BEGINNING,
    delta("reasoning_summary_text", 0, "Which city?"),
    event("response.reasoning_summary_text.done", output_index=0, text="Which city?"),
    event("response.content_part.added", output_index=1, part={"type": "output_text", "text": ""}),
    delta("output_text", 1, "Paris"),
    delta("output_text", 1, " is it."),
    event("response.output_text.done", output_index=1, text="Paris is it."),
    event("response.output_item.done", output_index=1, item=ITEMS[1]),
)
FAILED = response("failed", error={"code": "server_error", "message": "The model produced an error."})

CASE = DialectCase(
    dialect="openai-responses",
    base_url="http://127.0.0.1:9/v1",
    key_header=("authorization", "Bearer contract-key"),
    stream_path="/v1/responses",
    body_path="/v1/responses",
    stream_type="text/event-stream; charset=utf-8",
    text="Paris is it.",
    reasoning="Which city?",
    events=(*CONTENT, ending(usage=COUNTS)),
    output=(3, 6, 7),
    body=to_json(response("completed", output=ITEMS, usage=COUNTS)),
    uncounted_events=(*CONTENT, ending()),
    uncounted_body=to_json(response("completed", output=ITEMS)),
    usage=Usage(
        input_tokens=21, output_tokens=9, cached_input_tokens=8, cache_write_tokens=4, reasoning_tokens=5
    ),
    model="served-model",
    answer_id="resp_7",
    finish_reason="completed",
    error_event=event("response.failed", response=FAILED),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(lambda _, message: {"error": {"message": message, "type": "some_error"}}),
        ErrorCase(
            status=429,
            about="credit_balance_exhausted",
            body={"error": {"message": "No credits are left.", "code": "credit_balance_exhausted"}},
            kind="billing",
        ),
    ),
    pages={"/v1/models": {"object": "list", "data": [{"id": "a", "object": "model"}, {"id": "b"}]}},
    model_ids=("a", "b"),
)
