"""What is read of answers in OpenAI's Responses, as the API, engines and gateways stream them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from probe.facts.sample import Failed, Usage
from probe.providers.openai_responses.chat import RESPONSES
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from tests.providers.readings import instants, kind
from tests.wires.compose import body_of, event_ms, stream_of

MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Paris"}]}
CREATED = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "served"},
}
TEXT = {"type": "response.output_text.delta", "delta": "Paris"}


def read(*events: Any) -> Reading:
    return read_answer(stream_of(*events), RESPONSES.dialect)


def ended(name: str = "completed", **response: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", "response": {"id": "resp_1", "status": name, **response}}


def in_one(**response: Any) -> Reading:
    return read_answer(
        body_of({"id": "resp_1", "status": "completed", "output": [MESSAGE], **response}), RESPONSES.dialect
    )


@pytest.mark.parametrize(
    ("event", "outcome", "reason"),
    [
        (ended(), "ok", "completed"),
        (ended("incomplete", incomplete_details={"reason": "max_output_tokens"}), "ok", "max_output_tokens"),
        (
            ended("incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
            "content_filter",
        ),
        (ended("incomplete", incomplete_details={"reason": "max_messages"}), "incomplete", "max_messages"),
        (ended("incomplete", incomplete_details=None), "incomplete", "incomplete"),
        (ended("cancelled"), "stream_error", "cancelled"),
        (ended("incomplete", incomplete_details={"reason": "new_one"}), "unknown_finish", "new_one"),
    ],
)
def test_endings(event: Any, outcome: str, reason: str) -> None:
    reading = read(CREATED, TEXT, event)
    assert (kind(reading), reading.finish_reason, reading.text) == (outcome, reason, "Paris")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("rate_limit_exceeded", "rate_limited"),
        ("server_error", "stream_error"),
        ("invalid_prompt", "content_filter"),
        ("bio_policy", "content_filter"),
        ("image_content_policy_violation", "content_filter"),
        ("data_residency_mismatch", "permission"),
        ("invalid_image_format", "bad_request"),
        ("image_too_large", "bad_request"),
        ("vector_store_timeout", "stream_error"),
    ],
)
def test_failures_of_a_code(code: str, outcome: str) -> None:
    """All of them come with status 200, as an event of their own or as the response's end."""
    error = {"code": code, "message": "It says so."}
    events: tuple[Any, ...] = (
        ended("failed", error=error),
        {"type": "error", "param": None, "sequence_number": 3, **error},
        {"type": "error", "error": error},
        {"type": "response.failed", "response": {"status": "failed"}, "error": error},
    )
    for event in events:
        for before in ((), (CREATED, TEXT)):
            reading = read(*before, event)
            assert kind(reading) == outcome
            assert isinstance(reading.outcome, Failed)
            assert reading.outcome.detail == "It says so."
    assert kind(in_one(status="failed", error=error, output=[])) == outcome


def test_acceptance_is_no_output() -> None:
    """A reasoning item is added long before the first text of the answer."""
    reading = read(
        CREATED,
        {"type": "response.in_progress", "response": {"status": "in_progress"}},
        {"type": "response.output_item.added", "item": {"type": "reasoning", "summary": []}},
        {"type": "response.output_item.done", "item": {"type": "reasoning", "summary": []}},
        {"type": "response.output_item.added", "item": {"type": "message", "content": []}},
        {"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}},
        {"type": "response.output_text.delta", "delta": ""},
        TEXT,
        {"type": "response.output_text.done", "text": "Paris"},
        {"type": "response.content_part.done", "part": {"type": "output_text", "text": "Paris"}},
        ended(output=[MESSAGE]),
    )
    assert (kind(reading), reading.text) == ("ok", "Paris")
    assert instants(reading) == [event_ms(8)]


@pytest.mark.parametrize(
    ("event", "text", "reasoning"),
    [
        ("response.output_text.delta", "word", None),
        ("response.refusal.delta", "word", None),
        ("response.reasoning_text.delta", "Paris", "word"),
        ("response.reasoning_summary_text.delta", "Paris", "word"),
        ("response.audio.delta", "Paris", None),
        ("response.code_interpreter_call_code.delta", "Paris", None),
        ("keepalive", "Paris", None),
    ],
)
def test_what_a_delta_adds_to(event: str, text: str, reasoning: str | None) -> None:
    more = () if text == "word" else (TEXT,)
    reading = read(CREATED, {"type": event, "delta": "word"}, *more, ended())
    assert (kind(reading), reading.text, reading.reasoning_text) == ("ok", text, reasoning)


@pytest.mark.parametrize(
    "name", ["response.function_call_arguments.delta", "response.custom_tool_call_input.delta"]
)
def test_a_call_is_an_answer(name: str) -> None:
    reading = read(CREATED, {"type": name, "delta": '{"city":'}, ended())
    assert (kind(reading), reading.text) == ("ok", None)
    assert instants(reading) == [event_ms(2)]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call", "name": "look_up", "arguments": "{}"},
        {"type": "custom_tool_call", "name": "look_up", "input": ""},
    ],
)
def test_a_call_in_one_body(item: Any) -> None:
    assert kind(in_one(output=[item])) == "ok"


def test_a_host_without_deltas() -> None:
    reading = read(CREATED, ended(output=[MESSAGE]))
    assert (kind(reading), reading.text, instants(reading)) == ("ok", "Paris", [event_ms(2)])


def test_names_are_not_needed_and_done_may_follow() -> None:
    reading = read(CREATED, TEXT, ended(), "[DONE]")
    assert (kind(reading), reading.remarks, reading.served_model) == ("ok", (), "served")


def test_output_after_the_end_is_a_remark() -> None:
    reading = read(CREATED, TEXT, ended(), TEXT)
    assert (kind(reading), reading.text, reading.remarks) == ("ok", "Paris", ("after_end_mark",))


def test_a_stream_that_is_cut_behind_an_event() -> None:
    reading = read(CREATED, TEXT)
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "incomplete"
    assert reading.outcome.detail == "the stream ended without a finish reason and without response.completed"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "input_tokens": 75,
                "input_tokens_details": {"cached_tokens": 64},
                "output_tokens": 1186,
                "output_tokens_details": {"reasoning_tokens": 1024},
                "total_tokens": 1261,
            },
            Usage(input_tokens=75, output_tokens=1186, cached_input_tokens=64, reasoning_tokens=1024),
        ),
        (
            {"input_tokens": 75, "input_tokens_details": {"cache_read_input_tokens": 64}, "output_tokens": 4},
            Usage(input_tokens=75, output_tokens=4, cached_input_tokens=64),
        ),
        (
            {"input_tokens": 75, "input_tokens_details": {"cache_write_tokens": 60}, "output_tokens": 4},
            Usage(input_tokens=75, output_tokens=4, cache_write_tokens=60),
        ),
    ],
    ids=["OpenAI", "Perplexity", "cache writes"],
)
def test_usage(usage: Any, expected: Usage) -> None:
    assert read(CREATED, TEXT, ended(usage=usage)).usage == expected
    assert in_one(usage=usage).usage == expected


@pytest.mark.parametrize("cost", [0.00042, "0.00042", {"total_cost": 0.00042}])
def test_what_was_charged(cost: Any) -> None:
    reading = read(CREATED, TEXT, ended(usage={"input_tokens": 3, "output_tokens": 1, "cost": cost}))
    assert reading.reported is not None
    assert reading.reported.cost_usd == Decimal("0.00042")
