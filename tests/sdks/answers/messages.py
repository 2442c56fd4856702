"""Anthropic's messages, also in Bedrock's chunks and at Vertex AI."""

from __future__ import annotations

from typing import Any

from tests.sdks.answers.played import CUT, ESTIMATED, OTHERWISE, PARIS, Played


def _start(**usage: Any) -> dict[str, Any]:
    counted = {"input_tokens": 9, "output_tokens": 1, **usage}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "usage": counted}}


def _block(index: int = 0, **block: Any) -> dict[str, Any]:
    return {
        "type": "content_block_start",
        "index": index,
        "content_block": block or {"type": "text", "text": ""},
    }


def _delta(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _said(text: str, index: int = 0) -> dict[str, Any]:
    return _delta(index, type="text_delta", text=text)


def _stop(reason: str = "end_turn", **usage: Any) -> dict[str, Any]:
    counted = {"output_tokens": 4, **usage}
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": counted,
    }


def _claude(*content: Any, reason: str = "end_turn", **usage: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": reason}
    return {**message, "content": content, "usage": {"input_tokens": 9, "output_tokens": 4, **usage}}


_BLOCK_END = {"type": "content_block_stop", "index": 0}
_MESSAGE_END = {"type": "message_stop"}
_USE: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "look_up", "input": {}}
_CLAUDE_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}

MESSAGES = (
    Played(
        name="text",
        sent=[
            _start(),
            _block(),
            {"type": "ping"},
            _said("Par"),
            _said("is"),
            _BLOCK_END,
            _stop(),
            _MESSAGE_END,
        ],
    ),
    Played(
        name="unicode split",
        sent=[_start(), _block(), _said(PARIS), _BLOCK_END, _stop(), _MESSAGE_END],
        split=True,
    ),
    Played(
        name="thinking",
        sent=[
            _start(),
            _block(type="thinking", thinking="", signature=""),
            _delta(type="thinking_delta", thinking="Which?"),
            _delta(type="signature_delta", signature="EqQB"),
            _BLOCK_END,
            _block(1),
            _said("Paris", 1),
            _stop(output_tokens_details={"thinking_tokens": 3}),
            _MESSAGE_END,
        ],
    ),
    Played(
        name="redacted thinking",
        sent=[
            _start(),
            _block(type="redacted_thinking", data="Em"),
            _BLOCK_END,
            _block(1),
            _said("Paris", 1),
            _stop(),
            _MESSAGE_END,
        ],
    ),
    Played(
        name="tool",
        sent=[
            _start(),
            _block(**_USE),
            _delta(type="input_json_delta", partial_json='{"city": '),
            _delta(type="input_json_delta", partial_json='"Paris"}'),
            _BLOCK_END,
            _stop("tool_use"),
            _MESSAGE_END,
        ],
    ),
    Played(
        name="cut at the limit",
        sent=[_start(), _block(), _said("Par"), _BLOCK_END, _stop("max_tokens"), _MESSAGE_END],
    ),
    Played(
        name="a stop sequence", sent=[_start(), _block(), _said("Par"), _stop("stop_sequence"), _MESSAGE_END]
    ),
    Played(
        name="refused by the model",
        sent=[_start(), _block(), _said("Par"), _stop("refusal"), _MESSAGE_END],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="a pause",
        sent=[_start(), _block(), _said("Par"), _stop("pause_turn"), _MESSAGE_END],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="nothing said",
        sent=[_start(), _stop(output_tokens=0), _MESSAGE_END],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="cached tokens",
        sent=[
            _start(cache_read_input_tokens=80, cache_creation_input_tokens=20),
            _block(),
            _said("Paris"),
            _stop(),
            _MESSAGE_END,
        ],
    ),
    Played(
        name="input counted at the end",
        sent=[_start(input_tokens=0), _block(), _said("Paris"), _stop(input_tokens=9), _MESSAGE_END],
    ),
    Played(
        name="an error in the stream",
        sent=[_start(), _block(), _said("Par"), _CLAUDE_ERROR],
        differs={"tokens": ((9, None, None, None), (9, 1, None, None), ESTIMATED)},
    ),
    Played(
        name="cut after an event",
        sent=[_start(), _block(), _said("Paris"), _BLOCK_END],
        differs={"failed": CUT, "tokens": ((9, None, None, None), (9, 2, None, None), ESTIMATED)},
    ),
    Played(
        name="an unknown event",
        sent=[_start(), {"type": "new_event"}, _block(), _said("Paris"), _stop(), _MESSAGE_END],
    ),
    Played(
        name="an unknown delta",
        sent=[_start(), _block(), _delta(type="new_delta", x=1), _said("Paris"), _stop(), _MESSAGE_END],
    ),
    Played(name="whole", sent=_claude({"type": "text", "text": PARIS})),
    Played(
        name="whole thinking",
        sent=_claude(
            {"type": "thinking", "thinking": "Which?", "signature": "E"},
            {"type": "text", "text": "Paris"},
            cache_read_input_tokens=80,
        ),
    ),
    Played(name="whole tool", sent=_claude({**_USE, "input": {"city": "Paris"}}, reason="tool_use")),
    Played(name="refused", sent=_CLAUDE_ERROR, status=529),
)
