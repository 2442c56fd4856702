"""Gemini, also at Vertex AI."""

from __future__ import annotations

import json
from typing import Any

from tests.sdks.answers.played import CUT, OTHERWISE, PARIS, Played


def _part(finish: str | None = None, **part: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [part] if part else []}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "r"}


def _with(chunk: dict[str, Any], **usage: Any) -> dict[str, Any]:
    return {
        **chunk,
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13, **usage},
    }


_GOOGLE_ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
_END = _with(_part("STOP"))

GEMINI = (
    Played(name="text", sent=[_with(_part(text="Par")), _with(_part(text="is")), _END]),
    Played(name="unicode split", sent=[_part(text=PARIS), _END], split=True),
    Played(
        name="thoughts",
        sent=[
            _part(text="Which?", thought=True),
            _part(text="Paris"),
            _with(_part("STOP"), thoughtsTokenCount=3),
        ],
    ),
    Played(
        name="thoughts alone are counted",
        sent=[_part(text="Paris"), _with(_part("STOP"), thoughtsTokenCount=30, candidatesTokenCount=1)],
    ),
    Played(
        name="tool", sent=[_with(_part("STOP", functionCall={"name": "look_up", "args": {"city": "Paris"}}))]
    ),
    Played(name="cut at the limit", sent=[_part(text="Par"), _with(_part("MAX_TOKENS"))]),
    Played(name="safety", sent=[_part(text="Par"), _with(_part("SAFETY"))], differs={"failed": OTHERWISE}),
    Played(
        name="recitation",
        sent=[_part(text="Par"), _with(_part("RECITATION"))],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="a malformed call",
        sent=[_with(_part("MALFORMED_FUNCTION_CALL"))],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="a blocked prompt",
        sent=[{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}],
        differs={"failed": OTHERWISE, "ends": ("SAFETY", None, "the detail of the failure names it")},
    ),
    Played(
        name="nothing said",
        sent=[_with(_part("STOP"), candidatesTokenCount=0)],
        differs={"failed": OTHERWISE},
    ),
    Played(
        name="cached tokens",
        sent=[_part(text="Paris"), _with(_part("STOP"), promptTokenCount=90, cachedContentTokenCount=80)],
    ),
    Played(
        name="prompts of tools", sent=[_part(text="Paris"), _with(_part("STOP"), toolUsePromptTokenCount=5)]
    ),
    Played(
        name="cut after an event",
        sent=[_with(_part(text="Paris"))],
        differs={"failed": CUT},
    ),
    Played(name="an error in the stream", sent=[_with(_part(text="Par")), _GOOGLE_ERROR]),
    Played(
        name="an error in the stream, printed",
        sent=[_with(_part(text="Par")), json.dumps(_GOOGLE_ERROR, indent=2).encode() + b"\n\n"],
    ),
    Played(name="whole", sent=_with(_part("STOP", text=PARIS))),
    Played(name="whole tool", sent=_with(_part("STOP", functionCall={"name": "look_up", "args": {"a": 1}}))),
    Played(
        name="whole thoughts",
        sent=_with(_part("STOP", text="Paris"), thoughtsTokenCount=3, cachedContentTokenCount=2),
    ),
    Played(name="refused", sent=_GOOGLE_ERROR, status=503),
)
