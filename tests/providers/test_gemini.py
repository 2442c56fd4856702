"""What is read of Gemini's answers and of its model list."""

from __future__ import annotations

from typing import Any

import pytest

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.facts.sample import Failed, Usage
from probe.providers.gemini.chat import GENERATE_CONTENT
from probe.providers.gemini.listing import MODELS
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from probe.wire.capture import WireFailure
from tests.contracts.case import to_json
from tests.providers.listings import LAB
from tests.providers.readings import instants, kind
from tests.wires.compose import body_of, event_ms, stream_of


def answer(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "served", "responseId": "r", **more}


TEXT = {"text": "Paris"}


def read(*events: Any) -> Reading:
    return read_answer(stream_of(*events, line_end="\r\n"), GENERATE_CONTENT.dialect)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("STOP", "ok"),
        ("MAX_TOKENS", "ok"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("OTHER", "stream_error"),
        ("MALFORMED_FUNCTION_CALL", "stream_error"),
        ("CONTINUATION", "incomplete"),
        ("SOMETHING_NEW", "unknown_finish"),
    ],
)
def test_finish_reasons(reason: str, outcome: str) -> None:
    for reading in (
        read(answer(TEXT), answer(finish=reason)),
        read_answer(body_of(answer(TEXT, finish=reason)), GENERATE_CONTENT.dialect),
    ):
        assert (kind(reading), reading.finish_reason) == (outcome, reason)
        assert reading.text == "Paris"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("MAX_TOKENS", "budget_exhausted"), ("STOP", "empty"), ("SAFETY", "content_filter")],
)
def test_thoughts_and_nothing_else(reason: str, outcome: str) -> None:
    reading = read(answer({"text": "Well", "thought": True}), answer(finish=reason))
    assert kind(reading) == outcome
    assert (reading.text, reading.reasoning_text) == (None, "Well")


def test_a_reason_that_is_none_does_not_end_the_answer() -> None:
    outcome = read(answer(TEXT, finish="FINISH_REASON_UNSPECIFIED")).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.detail) == ("incomplete", "the stream ended without a finish reason")


def test_every_event_may_say_stop() -> None:
    """As the first models did: only the end of the response ends the answer."""
    torn = WireFailure(phase="stream", reason="closed", detail="the connection was closed")
    events = [answer(TEXT, finish="STOP"), answer({"text": " it is"}, finish="STOP")]
    assert read(*events).text == "Paris it is"
    cut = read_answer(stream_of(events[0], failure=torn), GENERATE_CONTENT.dialect)
    assert (kind(cut), cut.text) == ("stream_broken", "Paris")


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"])
def test_a_prompt_that_is_not_let_through(reason: str) -> None:
    blocked = {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 9}}
    for reading in (read(blocked), read_answer(body_of(blocked), GENERATE_CONTENT.dialect)):
        assert isinstance(reading.outcome, Failed)
        assert (reading.outcome.kind, reading.outcome.fault) == ("content_filter", "provider")
        assert reading.outcome.detail == f"the prompt was blocked: {reason}"
        assert reading.usage.input_tokens == 9


def test_feedback_without_a_reason_blocks_nothing() -> None:
    assert kind(read(answer(TEXT, finish="STOP", promptFeedback={"safetyRatings": []}))) == "ok"


def test_calls_and_code_are_an_answer_without_text() -> None:
    reading = read(
        answer({"functionCall": {"name": "find", "args": {"q": "é"}}}),
        answer({"functionCall": {"name": "now", "args": {}}}),
        answer({"executableCode": {"language": "PYTHON", "code": "1 + 1"}}),
        answer(finish="STOP"),
    )
    assert kind(reading) == "ok"
    assert reading.text is None
    assert [out.characters for out in reading.timeline.output] == [14, 3, 5]


def test_what_is_no_output_moves_no_instant() -> None:
    reading = read(
        answer({"text": ""}),
        answer({"text": "", "thoughtSignature": "EjQK"}),
        answer({"inlineData": {"mimeType": "image/png", "data": "iVBO"}}),
        {"candidates": [{"index": 0}]},
        {"usageMetadata": {"promptTokenCount": 3}},
        answer(TEXT),
        answer(finish="STOP"),
    )
    assert kind(reading) == "ok"
    assert instants(reading) == [event_ms(6)]


@pytest.mark.parametrize(
    ("metadata", "usage"),
    [
        ({"promptTokenCount": 9, "candidatesTokenCount": 4}, Usage(input_tokens=9, output_tokens=4)),
        (
            {
                "promptTokenCount": 9,
                "candidatesTokenCount": 4,
                "thoughtsTokenCount": 30,
                "totalTokenCount": 43,
            },
            Usage(input_tokens=9, output_tokens=34, reasoning_tokens=30),
        ),
        (
            {"promptTokenCount": 9, "thoughtsTokenCount": 30},
            Usage(input_tokens=9, output_tokens=30, reasoning_tokens=30),
        ),
        (
            {"promptTokenCount": 9, "candidatesTokenCount": 4, "cachedContentTokenCount": 8},
            Usage(input_tokens=9, output_tokens=4, cached_input_tokens=8),
        ),
        (
            {"promptTokenCount": 9, "toolUsePromptTokenCount": 90, "candidatesTokenCount": 4},
            Usage(input_tokens=99, output_tokens=4),
        ),
        # 5 bytes of text.
        ({"promptTokenCount": 9}, Usage(input_tokens=9, output_tokens=2, source="estimate")),
        (
            {"promptTokenCount": "9", "candidatesTokenCount": 4.0, "thoughtsTokenCount": None},
            Usage(input_tokens=9, output_tokens=4),
        ),
    ],
)
def test_usage(metadata: dict[str, Any], usage: Usage) -> None:
    assert read(answer(TEXT), answer(finish="STOP", usageMetadata=metadata)).usage == usage


def test_the_last_count_is_the_whole_one_where_it_counts_output() -> None:
    first = answer(TEXT, usageMetadata={"promptTokenCount": 9, "candidatesTokenCount": 3})
    more = answer(finish="STOP", usageMetadata={"promptTokenCount": 9, "candidatesTokenCount": 5})
    filtered = {"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"promptTokenCount": 9}}
    assert read(first, more).usage.output_tokens == 5
    assert read(first, filtered).usage == Usage(input_tokens=9, output_tokens=3)


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (503, "UNAVAILABLE", "stream_error"),
        (500, "INTERNAL", "stream_error"),
        (429, "RESOURCE_EXHAUSTED", "rate_limited"),
        (403, "PERMISSION_DENIED", "permission"),
    ],
)
def test_errors_in_a_stream(code: int, status: str, outcome: str) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}]
    error = {"error": {"code": code, "message": "No.", "status": status, "details": details}}
    reading = read(answer(TEXT), error)
    assert isinstance(reading.outcome, Failed)
    wait = None if outcome == "permission" else 2.5  # which no waiting heals
    assert (reading.outcome.kind, reading.outcome.retry_after_seconds) == (outcome, wait)
    assert reading.text == "Paris"


@pytest.mark.parametrize(
    ("request_body", "size"),
    [
        ({"contents": [{"parts": [{"text": "abc"}]}, {"parts": [{"text": "é"}, {"inlineData": {}}]}]}, 5),
        ({"systemInstruction": {"parts": [{"text": "ab"}]}, "contents": [{"parts": [{"text": "c"}]}]}, 3),
        ({"contents": []}, 0),
        ({"messages": []}, None),
        ([], None),
    ],
)
def test_the_size_of_a_prompt(request_body: Any, size: int | None) -> None:
    assert GENERATE_CONTENT.dialect.prompt_bytes(to_json(request_body)) == size


# The model list ---------------------------------------------------------------------------------------------


def test_everything_that_the_list_says_of_a_model() -> None:
    entries = [
        {
            "name": "models/gemini-2.5-flash",
            "version": "001",
            "displayName": "Gemini 2.5 Flash",
            "description": "Fast.",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "thinking": True,
        },
        {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
        {"name": "tunedModels/mine"},
    ]
    page = MODELS.read({"models": entries}, LAB)
    assert page.following is None
    assert page.models == [
        ListedModel(
            id="gemini-2.5-flash",
            display_name="Gemini 2.5 Flash",
            context_window=1_048_576,
            max_output_tokens=65_536,
        ),
        ListedModel(id="gemini-embedding-001", output_modalities=("embedding",)),
        ListedModel(id="tunedModels/mine"),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "no model list"),
        ([], "no model list"),
        (None, "no model list"),
        ({"models": None}, "no model list"),
        ({"models": [{"id": "m"}]}, "without a name"),
        ({"models": ["m"]}, "without a name"),
        ({"models": [{"name": "models/"}]}, "without a name"),
    ],
)
def test_a_list_that_is_none(value: object, message: str) -> None:
    with pytest.raises(ProviderError, match=f"lab: .*{message}"):
        MODELS.read(value, LAB)
