"""What is read of answers in Cohere's second API."""

from __future__ import annotations

from typing import Any

import pytest

from probe.facts.sample import Failed, Usage
from probe.providers.cohere.chat import CHAT
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from tests.providers.readings import instants, kind
from tests.wires.compose import body_of, event_ms, stream_of

START = {"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}}
TEXT = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Paris"}}}}


def read(*events: Any) -> Reading:
    return read_answer(stream_of(*events), CHAT.dialect)


def ended(reason: str, **more: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, **more}}


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("COMPLETE", "ok"),
        ("STOP_SEQUENCE", "ok"),
        ("MAX_TOKENS", "ok"),
        ("TOOL_CALL", "ok"),
        ("ERROR", "stream_error"),
        ("ERROR_TOXIC", "content_filter"),
        ("TIMEOUT", "stream_error"),
        ("NEW_ONE", "unknown_finish"),
    ],
)
def test_finish_reasons(reason: str, outcome: str) -> None:
    message = {"content": [{"type": "text", "text": "Paris"}]}
    body = body_of({"id": "c-1", "finish_reason": reason, "message": message})
    for reading in (read(START, TEXT, ended(reason)), read_answer(body, CHAT.dialect)):
        assert (kind(reading), reading.finish_reason, reading.text) == (outcome, reason, "Paris")


def test_the_words_of_a_failure() -> None:
    reading = read(START, TEXT, ended("ERROR", error="the model is out of memory"))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.detail) == ("stream_error", "the model is out of memory")


def test_an_object_without_a_type_is_an_error() -> None:
    reading = read(START, TEXT, {"message": "internal server error, this has been reported"})
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.detail == "internal server error, this has been reported"


def test_a_plan_and_a_call_are_output_and_their_start_without_a_name_is_not() -> None:
    def call(kind: str, **function: str) -> dict[str, Any]:
        return {"type": kind, "delta": {"message": {"tool_calls": {"id": "t", "function": function}}}}

    reading = read(
        START,
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will look."}}},
        call("tool-call-start", name="", arguments=""),
        call("tool-call-delta", arguments='{"city":'),
        {"type": "tool-call-end", "index": 0},
        ended("TOOL_CALL"),
    )
    assert (kind(reading), reading.text, reading.reasoning_text) == ("ok", None, "I will look.")
    assert instants(reading) == [event_ms(2), event_ms(4)]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "billed_units": {"input_tokens": 5, "output_tokens": 418},
                "tokens": {"input_tokens": 71, "output_tokens": 418},
            },
            Usage(input_tokens=5, output_tokens=418),
        ),
        ({"tokens": {"input_tokens": 71.0, "output_tokens": 4.0}}, Usage(input_tokens=71, output_tokens=4)),
        (
            {"billed_units": {"input_tokens": 71, "output_tokens": 4}, "cached_tokens": 64},
            Usage(input_tokens=71, output_tokens=4, cached_input_tokens=64),
        ),
    ],
)
def test_usage(usage: Any, expected: Usage) -> None:
    assert read(START, TEXT, ended("COMPLETE", usage=usage)).usage == expected


def test_a_stream_that_is_cut_behind_an_event() -> None:
    reading = read(START, TEXT)
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.detail == "the stream ended without a finish reason and without message-end"
