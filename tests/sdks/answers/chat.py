"""OpenAI's chat completions."""

from __future__ import annotations

from typing import Any

from tests.sdks.answers.played import CUT, DONE, ESTIMATED, NOTHING, OTHERWISE, PARIS, Played


def _choice(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


def _completion(finish: str, **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": None, **message}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m"} | {
        "choices": choices,
        "usage": usage,
    }


def _counted(**more: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, **more}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"} | {
        "choices": [],
        "usage": usage,
    }


_TOOL = {"index": 0, "id": "t", "type": "function", "function": {"name": "look_up", "arguments": ""}}
_TOOL_MORE = {"index": 0, "function": {"arguments": '{"city": "Paris"}'}}
_TOOL_WHOLE = {"id": "t", "type": "function", "function": {"name": "look_up", "arguments": '{"a": 1}'}}
_STOP = _choice("stop")
_HELLO = _choice(role="assistant", content="")
_CHAT_ERROR = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}

CHAT = (
    Played(
        name="text", sent=[_HELLO, _choice(content="Par"), _choice(content="is"), _STOP, _counted(), DONE]
    ),
    Played(name="unicode split", sent=[_HELLO, _choice(content=PARIS), _STOP, _counted(), DONE], split=True),
    Played(
        name="reasoning",
        sent=[
            _choice(reasoning_content="Which "),
            _choice(reasoning_content="city?"),
            _choice(content="Paris"),
            _STOP,
            _counted(completion_tokens_details={"reasoning_tokens": 3}),
            DONE,
        ],
    ),
    Played(name="refusal", sent=[_HELLO, _choice(refusal="I cannot."), _STOP, _counted(), DONE]),
    Played(
        name="tool",
        sent=[
            _choice(tool_calls=[_TOOL]),
            _choice(tool_calls=[_TOOL_MORE]),
            _choice("tool_calls"),
            _counted(),
            DONE,
        ],
    ),
    Played(name="cut at the limit", sent=[_choice(content="Par"), _choice("length"), _counted(), DONE]),
    Played(
        name="filtered",
        sent=[_choice(content="Par"), _choice("content_filter"), _counted(), DONE],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="nothing said",
        sent=[_HELLO, _STOP, _counted(completion_tokens=0), DONE],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="cached tokens",
        sent=[_choice(content="Paris"), _STOP, _counted(prompt_tokens_details={"cached_tokens": 8}), DONE],
    ),
    Played(
        name="usage beside the end",
        sent=[
            _choice(content="Paris"),
            _counted() | _STOP | {"usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}},
            DONE,
        ],
    ),
    Played(
        name="without usage",
        sent=[_choice(content="Paris"), _STOP, DONE],
        differs={"tokens": (NOTHING, (6, 2, None, None), ESTIMATED)},
    ),
    Played(name="without the mark of the end", sent=[_choice(content="Paris"), _STOP, _counted()]),
    Played(
        name="ended without a reason",
        sent=[_choice(content="Paris")],
        differs={"failed": CUT, "tokens": (NOTHING, (6, 2, None, None), ESTIMATED)},
    ),
    Played(name="cut within the body", sent=[_choice(content="Paris"), _STOP, _counted(), DONE]),
    Played(name="comments", sent=[b": PROCESSING\n\n", _choice(content="Paris"), _STOP, _counted(), DONE]),
    Played(
        name="an error in the stream",
        sent=[_choice(content="Par"), _CHAT_ERROR, DONE],
        differs={"tokens": (NOTHING, (6, 1, None, None), ESTIMATED)},
    ),
    Played(name="whole", sent=_completion("stop", content=PARIS)),
    Played(name="whole tool", sent=_completion("tool_calls", tool_calls=[_TOOL_WHOLE])),
    Played(name="whole reasoning", sent=_completion("length", content="Par", reasoning_content="Which?")),
    Played(name="refused", sent=_CHAT_ERROR, status=429),
)
