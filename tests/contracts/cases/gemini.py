"""Gemini's generateContent.

https://ai.google.dev/api/generate-content, https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, sse, standard_errors, to_json

COUNTS = {
    "promptTokenCount": 21,
    "candidatesTokenCount": 4,
    "thoughtsTokenCount": 5,
    "cachedContentTokenCount": 8,
    "totalTokenCount": 30,
}


def response(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "served-model", "responseId": "aG7v", **more}


def events(**last: Any) -> tuple[bytes, ...]:
    early: dict[str, Any] = {"usageMetadata": {"promptTokenCount": 21, "totalTokenCount": 21}} if last else {}
    return (
        sse(response({"text": "Which city?", "thought": True}, **early)),
        sse(response({"text": "Paris"}, **early)),
        sse(response({"text": " is it."}, **early)),
        sse(response({"text": "", "thoughtSignature": "EjQKMgEM"}, finish="STOP", **last)),
    )


def body(**more: Any) -> bytes:
    parts = ({"text": "Which city?", "thought": True}, {"text": "Paris is it."})
    return to_json(response(*parts, finish="STOP", **more))


def error(status: int, text: str, name: str = "", details: Any = None) -> dict[str, Any]:
    value: dict[str, Any] = {"code": status, "message": text, "status": name or NAMES.get(status, "UNKNOWN")}
    return {"error": value | ({"details": details} if details is not None else {})}


NAMES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
QUOTA = "You exceeded your current quota, please check your plan and billing details."

CASE = DialectCase(
    dialect="gemini",
    base_url="http://127.0.0.1:9",
    key_header=("x-goog-api-key", "contract-key"),
    stream_path="/v1beta/models/some-model:streamGenerateContent?alt=sse",
    body_path="/v1beta/models/some-model:generateContent",
    stream_type="text/event-stream",
    text="Paris is it.",
    reasoning="Which city?",
    events=events(usageMetadata=COUNTS),
    output=(0, 1, 2),
    body=body(usageMetadata=COUNTS),
    uncounted_events=events(),
    uncounted_body=body(),
    usage=Usage(input_tokens=21, output_tokens=9, cached_input_tokens=8, reasoning_tokens=5),
    model="served-model",
    answer_id="aG7v",
    finish_reason="STOP",
    error_event=sse(error(503, "The model is overloaded. Please try again later.")),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(error),
        ErrorCase(
            status=429,
            about="RetryInfo",
            body=error(
                429,
                QUOTA,
                details=[
                    {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"},
                ],
            ),
            kind="rate_limited",
            wait_seconds=34.074824224,
        ),
        ErrorCase(
            status=429,
            about="in a list",
            body=[error(429, "Resource has been exhausted (e.g. check quota).")],
            kind="rate_limited",
        ),
        ErrorCase(
            status=429,
            about="credits",
            body=error(429, "Your prepayment credits are depleted. Please go to AI Studio."),
            kind="billing",
        ),
        ErrorCase(
            status=400,
            about="key",
            body=error(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
            kind="auth",
        ),
        ErrorCase(
            status=400,
            about="place",
            body=error(400, "User location is not supported for the API use.", "FAILED_PRECONDITION"),
            kind="permission",
        ),
        ErrorCase(status=504, body=error(504, "Deadline expired", "DEADLINE_EXCEEDED"), kind="server_error"),
    ),
    pages={
        "/v1beta/models?pageSize=1000": {
            "models": [
                {
                    "name": "models/gemini-a",
                    "displayName": "Gemini A",
                    "inputTokenLimit": 1_048_576,
                    "outputTokenLimit": 65_536,
                    "supportedGenerationMethods": ["generateContent", "countTokens"],
                }
            ],
            "nextPageToken": "Ch5t=&",
        },
        "/v1beta/models?pageSize=1000&pageToken=Ch5t%3D%26": {
            "models": [{"name": "models/embedding-b", "supportedGenerationMethods": ["embedContent"]}]
        },
    },
    model_ids=("gemini-a", "embedding-b"),
)
