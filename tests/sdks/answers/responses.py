"""OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from tests.sdks.answers.played import CUT, DONE, ESTIMATED, FAILS, NOTHING, OTHERWISE, PARIS, Played


def _response(status: str = "completed", **more: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 13,
    }
    made = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status}
    return {**made, "output": [], "usage": usage, "parallel_tool_calls": True, "tools": [], **more}


def _of(kind: str, delta: str) -> dict[str, Any]:
    place = {"item_id": "i", "output_index": 0, "content_index": 0, "sequence_number": 4}
    return {"type": f"response.{kind}.delta", "delta": delta, **place}


def _ended(status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "response": _response(status, **more), "sequence_number": 9}


def _message(*content: Any) -> dict[str, Any]:
    return {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": content}


def _output(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


_BEGUN = [
    {"type": "response.created", "response": _response("in_progress", usage=None), "sequence_number": 0},
    {"type": "response.in_progress", "response": _response("in_progress", usage=None), "sequence_number": 1},
    {"type": "response.output_item.added", "output_index": 0, "sequence_number": 2, "item": _message()},
    {"type": "response.content_part.added", "item_id": "i", "output_index": 0, "content_index": 0}
    | {"sequence_number": 3, "part": _output("")},
]
_CALL = {
    "id": "f",
    "type": "function_call",
    "call_id": "c",
    "name": "look_up",
    "arguments": "",
    "status": "completed",
}
_TEXT = "output_text"
_DETAILS = {
    "input_tokens": 90,
    "input_tokens_details": {"cached_tokens": 80},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 130,
}

RESPONSES = (
    Played(
        name="text",
        sent=[
            *_BEGUN,
            _of(_TEXT, "Par"),
            _of(_TEXT, "is"),
            {"type": "response.output_text.done", "text": "Paris", "item_id": "i", "output_index": 0}
            | {"content_index": 0, "sequence_number": 5, "logprobs": []},
            {"type": "response.output_item.done", "output_index": 0, "sequence_number": 6}
            | {"item": _message(_output("Paris"))},
            _ended(output=[_message(_output("Paris"))]),
        ],
    ),
    Played(name="unicode split", sent=[*_BEGUN, _of(_TEXT, PARIS), _ended()], split=True),
    Played(
        name="reasoning",
        sent=[*_BEGUN, _of("reasoning_text", "Which?"), _of(_TEXT, "Paris"), _ended(usage=_DETAILS)],
    ),
    Played(
        name="a summary of reasoning",
        sent=[*_BEGUN, _of("reasoning_summary_text", "Which?"), _of(_TEXT, "Paris"), _ended(usage=_DETAILS)],
    ),
    Played(name="refusal", sent=[*_BEGUN, _of("refusal", "I cannot."), _ended()]),
    Played(name="tool", sent=[*_BEGUN, _of("function_call_arguments", '{"a": 1}'), _ended(output=[_CALL])]),
    Played(name="custom tool", sent=[*_BEGUN, _of("custom_tool_call_input", "ls"), _ended()]),
    Played(
        name="cut at the limit",
        sent=[
            *_BEGUN,
            _of(_TEXT, "Par"),
            _ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ],
    ),
    Played(
        name="filtered",
        sent=[
            *_BEGUN,
            _of(_TEXT, "Par"),
            _ended("incomplete", incomplete_details={"reason": "content_filter"}),
        ],
        differs={"failed": OTHERWISE},
    ),
    Played(name="nothing said", sent=[*_BEGUN, _ended()], differs={"failed": OTHERWISE}),
    Played(
        name="failed",
        sent=[
            *_BEGUN,
            _of(_TEXT, "Par"),
            _ended("failed", error={"code": "server_error", "message": "It broke."}),
        ],
        differs={"failed": FAILS},
    ),
    Played(
        name="an error in the stream",
        sent=[
            *_BEGUN,
            {
                "type": "error",
                "code": "server_error",
                "message": "It broke.",
                "param": None,
                "sequence_number": 4,
            },
        ],
        differs={"failed": FAILS},
    ),
    Played(
        name="a gateway's error in the stream",
        sent=[
            *_BEGUN,
            _of(_TEXT, "Par"),
            {"type": "error", "error": {"message": "It broke.", "code": "server_error"}},
        ],
        differs={"tokens": (NOTHING, (6, 1, None, None), ESTIMATED)},
    ),
    Played(
        name="cut after an event",
        sent=[*_BEGUN, _of(_TEXT, "Paris")],
        differs={"failed": CUT, "tokens": (NOTHING, (6, 2, None, None), ESTIMATED)},
    ),
    Played(name="with a mark of the end", sent=[*_BEGUN, _of(_TEXT, "Paris"), _ended(), DONE]),
    Played(
        name="an unknown event",
        sent=[*_BEGUN, {"type": "keepalive", "sequence_number": 4}, _of(_TEXT, "Paris"), _ended()],
    ),
    Played(name="whole", sent=_response(output=[_message(_output(PARIS))])),
    Played(
        name="whole reasoning",
        sent=_response(
            output=[
                {"id": "r", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Which?"}]},
                _message(_output("Paris")),
            ],
            usage=_DETAILS,
        ),
    ),
    Played(name="whole tool", sent=_response(output=[_CALL | {"arguments": '{"a": 1}'}])),
    Played(
        name="whole failure",
        sent=_response("failed", error={"code": "server_error", "message": "It broke."}),
        differs={"failed": FAILS},
    ),
)
