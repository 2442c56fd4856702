"""Bedrock's Converse."""

from __future__ import annotations

from typing import Any

from tests.contracts.frames import exception
from tests.sdks.answers.played import CUT, ESTIMATED, NOTHING, OTHERWISE, PARIS, Played


def _piece(index: int = 0, **delta: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def _figures(**usage: Any) -> tuple[str, Any]:
    counted = {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13, **usage}
    return "metadata", {"usage": counted, "metrics": {"latencyMs": 812}}


def _ending(reason: str = "end_turn") -> tuple[str, Any]:
    return "messageStop", {"stopReason": reason}


def _conversed(*content: Any, reason: str = "end_turn") -> dict[str, Any]:
    output = {"message": {"role": "assistant", "content": content}}
    usage = {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}
    return {"output": output, "stopReason": reason, "usage": usage, "metrics": {"latencyMs": 812}}


_ROLE = ("messageStart", {"role": "assistant"})
_CLOSE = ("contentBlockStop", {"contentBlockIndex": 0})
_TOOL_START = (
    "contentBlockStart",
    {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "look_up"}}},
)

CONVERSE = (
    Played(name="text", sent=[_ROLE, _piece(text="Par"), _piece(text="is"), _CLOSE, _ending(), _figures()]),
    Played(name="unicode split", sent=[_ROLE, _piece(text=PARIS), _CLOSE, _ending(), _figures()], split=True),
    Played(
        name="reasoning",
        sent=[
            _ROLE,
            _piece(reasoningContent={"text": "Which?"}),
            _piece(reasoningContent={"signature": "E"}),
            _CLOSE,
            _piece(1, text="Paris"),
            _ending(),
            _figures(),
        ],
    ),
    Played(
        name="redacted reasoning",
        sent=[
            _ROLE,
            _piece(reasoningContent={"redactedContent": "RW0="}),
            _piece(1, text="Paris"),
            _ending(),
            _figures(),
        ],
    ),
    Played(
        name="tool",
        sent=[
            _ROLE,
            _TOOL_START,
            _piece(toolUse={"input": '{"city": '}),
            _piece(toolUse={"input": '"Paris"}'}),
            _CLOSE,
            _ending("tool_use"),
            _figures(),
        ],
    ),
    Played(name="cut at the limit", sent=[_ROLE, _piece(text="Par"), _ending("max_tokens"), _figures()]),
    Played(name="a stop sequence", sent=[_ROLE, _piece(text="Par"), _ending("stop_sequence"), _figures()]),
    Played(
        name="filtered",
        sent=[_ROLE, _piece(text="Par"), _ending("content_filtered"), _figures()],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="a guardrail",
        sent=[_ROLE, _piece(text="Sorry."), _ending("guardrail_intervened"), _figures()],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="malformed by the model",
        sent=[_ROLE, _piece(text="Par"), _ending("malformed_model_output"), _figures()],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="nothing said", sent=[_ROLE, _ending(), _figures(outputTokens=0)], differs={"failed": OTHERWISE}
    ),
    Played(
        name="cached tokens",
        sent=[
            _ROLE,
            _piece(text="Paris"),
            _ending(),
            _figures(cacheReadInputTokens=80, cacheWriteInputTokens=20),
        ],
    ),
    Played(
        name="without figures",
        sent=[_ROLE, _piece(text="Paris"), _ending()],
        differs={"failed": CUT, "tokens": (NOTHING, (None, 2, None, None), ESTIMATED)},
    ),
    Played(
        name="an exception in the stream",
        sent=[_ROLE, _piece(text="Par"), exception("throttlingException", "Too many tokens")],
        differs={"tokens": (NOTHING, (None, 1, None, None), ESTIMATED)},
    ),
    Played(name="an exception first", sent=[exception("internalServerException", "It broke.")]),
    Played(
        name="an unknown event",
        sent=[_ROLE, ("newEvent", {"x": 1}), _piece(text="Paris"), _ending(), _figures()],
    ),
    Played(name="whole", sent=_conversed({"text": PARIS})),
    Played(
        name="whole reasoning",
        sent=_conversed({"reasoningContent": {"reasoningText": {"text": "Which?"}}}, {"text": "Paris"}),
    ),
    Played(
        name="whole tool",
        sent=_conversed(
            {"toolUse": {"toolUseId": "t", "name": "look_up", "input": {"a": 1}}}, reason="tool_use"
        ),
    ),
    Played(name="refused", sent={"message": "Too many requests"}, status=429),
)
