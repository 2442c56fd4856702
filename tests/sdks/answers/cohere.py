"""Cohere's chat, second version."""

from __future__ import annotations

from typing import Any

from tests.sdks.answers.played import CUT, DONE, ESTIMATED, FAILS, NOTHING, OTHERWISE, PARIS, Played

_TOOL_WHOLE = {"id": "t", "type": "function", "function": {"name": "look_up", "arguments": '{"a": 1}'}}


def _added(**content: str) -> dict[str, Any]:
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": content}}}


def _message_end(reason: str = "COMPLETE", **more: Any) -> dict[str, Any]:
    usage = {
        "billed_units": {"input_tokens": 9.0, "output_tokens": 4.0},
        "tokens": {"input_tokens": 70.0, "output_tokens": 4.0},
    }
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": {**usage, **more}}}


def _cohere(reason: str = "COMPLETE", **message: Any) -> dict[str, Any]:
    usage = _message_end()["delta"]["usage"]
    return {"id": "c", "finish_reason": reason, "message": {"role": "assistant", **message}, "usage": usage}


def _called(kind: str, **function: str) -> dict[str, Any]:
    call = {"id": "t", "type": "function", "function": function}
    return {"type": f"tool-call-{kind}", "index": 0, "delta": {"message": {"tool_calls": call}}}


_COHERE_START = {
    "type": "message-start",
    "id": "c",
    "delta": {"message": {"role": "assistant", "content": []}},
}
_CONTENT_START = {
    "type": "content-start",
    "index": 0,
    "delta": {"message": {"content": {"type": "text", "text": ""}}},
}
_CONTENT_END = {"type": "content-end", "index": 0}
_COHERE_BEGUN = [_COHERE_START, _CONTENT_START]

COHERE = (
    Played(
        name="text",
        sent=[*_COHERE_BEGUN, _added(text="Par"), _added(text="is"), _CONTENT_END, _message_end()],
    ),
    Played(
        name="unicode split",
        sent=[*_COHERE_BEGUN, _added(text=PARIS), _CONTENT_END, _message_end()],
        split=True,
    ),
    Played(
        name="thinking",
        sent=[*_COHERE_BEGUN, _added(thinking="Which?"), _added(text="Paris"), _message_end()],
    ),
    Played(
        name="tool",
        sent=[
            _COHERE_START,
            {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}},
            _called("start", name="look_up", arguments=""),
            _called("delta", arguments='{"a": 1}'),
            {"type": "tool-call-end", "index": 0},
            _message_end("TOOL_CALL"),
        ],
    ),
    Played(
        name="citations",
        sent=[
            *_COHERE_BEGUN,
            _added(text="Paris"),
            {
                "type": "citation-start",
                "index": 0,
                "delta": {"message": {"citations": {"start": 0, "end": 5, "text": "Paris", "sources": []}}},
            },
            {"type": "citation-end", "index": 0},
            _message_end(),
        ],
    ),
    Played(name="cut at the limit", sent=[*_COHERE_BEGUN, _added(text="Par"), _message_end("MAX_TOKENS")]),
    Played(name="a stop sequence", sent=[*_COHERE_BEGUN, _added(text="Par"), _message_end("STOP_SEQUENCE")]),
    Played(
        name="failed",
        sent=[*_COHERE_BEGUN, _added(text="Par"), _message_end("ERROR")],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="failed with words",
        sent=[
            *_COHERE_BEGUN,
            {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "It broke."}},
        ],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="timed out",
        sent=[*_COHERE_BEGUN, _added(text="Par"), _message_end("TIMEOUT")],
        differs={"failed": OTHERWISE},
    ),
    Played(name="nothing said", sent=[_COHERE_START, _message_end()], differs={"failed": OTHERWISE}),
    Played(
        name="cached tokens", sent=[*_COHERE_BEGUN, _added(text="Paris"), _message_end(cached_tokens=8.0)]
    ),
    Played(
        name="without usage",
        sent=[
            *_COHERE_BEGUN,
            _added(text="Paris"),
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
        ],
        differs={"tokens": (NOTHING, (6, 2, None, None), ESTIMATED)},
    ),
    Played(
        name="cut after an event",
        sent=[*_COHERE_BEGUN, _added(text="Paris"), _CONTENT_END],
        differs={"failed": CUT, "tokens": (NOTHING, (6, 2, None, None), ESTIMATED)},
    ),
    Played(name="with a mark of the end", sent=[*_COHERE_BEGUN, _added(text="Paris"), _message_end(), DONE]),
    Played(
        name="an error without a type",
        sent=[_COHERE_START, _added(text="Par"), b'data: {"message": "It broke."}\n\n'],
        differs={"failed": FAILS, "tokens": (NOTHING, (6, 1, None, None), ESTIMATED)},
    ),
    Played(name="whole", sent=_cohere(content=[{"type": "text", "text": PARIS}])),
    Played(
        name="whole thinking",
        sent=_cohere(content=[{"type": "thinking", "thinking": "Which?"}, {"type": "text", "text": "Paris"}]),
    ),
    Played(name="whole tool", sent=_cohere("TOOL_CALL", tool_plan="I look.", tool_calls=[_TOOL_WHOLE])),
    Played(name="refused", sent={"id": "e", "message": "invalid api token"}, status=498),
)
