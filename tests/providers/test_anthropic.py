"""What is read of Anthropic's messages and of its model list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.facts.sample import Failed, Usage
from probe.providers.anthropic.chat import MESSAGES
from probe.providers.anthropic.listing import MODELS
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from tests.contracts.case import sse, to_json
from tests.providers.listings import LAB
from tests.providers.readings import kind
from tests.wires.compose import body_of, capture_of, head, stream_of


def event(name: str, **rest: Any) -> bytes:
    return sse({"type": name, **rest}, name)


def block(**content: Any) -> bytes:
    return event("content_block_start", index=0, content_block=content)


def delta(**content: Any) -> bytes:
    return event("content_block_delta", index=0, delta=content)


START = event(
    "message_start", message={"id": "m", "model": "served", "content": [], "usage": {"input_tokens": 9}}
)
STOP = event("message_stop")
TEXT = delta(type="text_delta", text="Paris")


def ending(reason: str | None, **usage: Any) -> bytes:
    return event("message_delta", delta={"stop_reason": reason}, usage=usage)


END = ending("end_turn", output_tokens=3)


def read(*events: bytes) -> Reading:
    return read_answer(stream_of(*events), MESSAGES.dialect)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("end_turn", "ok"),
        ("stop_sequence", "ok"),
        ("tool_use", "ok"),
        ("max_tokens", "ok"),
        ("model_context_window_exceeded", "ok"),
        ("refusal", "content_filter"),
        ("pause_turn", "incomplete"),
        ("something_new", "unknown_finish"),
    ],
)
def test_stop_reasons(reason: str, outcome: str) -> None:
    reading = read(START, TEXT, ending(reason, output_tokens=3), STOP)
    assert (kind(reading), reading.finish_reason) == (outcome, reason)
    assert reading.text == "Paris"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("max_tokens", "budget_exhausted"), ("end_turn", "empty"), ("refusal", "content_filter")],
)
def test_thinking_and_nothing_else(reason: str, outcome: str) -> None:
    thought = delta(type="thinking_delta", thinking="Well")
    reading = read(START, block(type="thinking", thinking=""), thought, ending(reason, output_tokens=3), STOP)
    assert kind(reading) == outcome
    assert (reading.text, reading.reasoning_text) == (None, "Well")


def test_a_tool_call_is_an_answer_without_text() -> None:
    call = block(type="tool_use", id="t", name="find", input={})
    pieces = [delta(type="input_json_delta", partial_json=piece) for piece in ("", '{"q":', '"x"}')]
    reading = read(START, call, *pieces, ending("tool_use", output_tokens=9), STOP)
    assert kind(reading) == "ok"
    assert reading.text is None
    assert [out.characters for out in reading.timeline.output] == [4, 5, 4]
    assert all(out.answer for out in reading.timeline.output)


@pytest.mark.parametrize(
    "silent",
    [
        event("ping"),
        b": keep-alive\n\n",
        block(type="text", text=""),
        block(type="redacted_thinking", data="EmwKAhgB"),
        delta(type="signature_delta", signature="EqQB"),
        delta(type="citations_delta", citation={"cited_text": "x"}),
        delta(type="text_delta", text=""),
        delta(type="something_new", text="x"),
        event("content_block_stop", index=0),
        event("something_new", text="x"),
        sse("[DONE]"),
    ],
    ids=lambda silent: repr(silent[:60]),
)
def test_what_is_no_output_moves_no_instant(silent: bytes) -> None:
    reading = read(START, silent, TEXT, END, STOP)
    assert kind(reading) == "ok"
    assert [out.at_ns for out in reading.timeline.output] == [stream_of(b"", b"", b"x").arrivals[3].at_ns]


def test_events_without_names_are_known_by_their_type() -> None:
    """And those whose data has no type by their name: proxies drop either."""
    nameless = [event_.split(b"\n", 1)[1] for event_ in (START, TEXT, END, STOP)]
    assert kind(read(*nameless)) == "ok"
    untyped = sse({"delta": {"type": "text_delta", "text": "Paris"}}, "content_block_delta")
    assert read(START, untyped, END, STOP).text == "Paris"


def test_usage_includes_what_caches_had_to_do_with() -> None:
    started = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
        "output_tokens": 1,
    }
    start = event("message_start", message={"id": "m", "model": "served", "usage": started})
    last = ending("end_turn", output_tokens=40, output_tokens_details={"thinking_tokens": 30})
    assert read(start, TEXT, last, STOP).usage == Usage(
        input_tokens=1105,
        output_tokens=40,
        cached_input_tokens=1000,
        cache_write_tokens=100,
        reasoning_tokens=30,
    )


def test_the_last_counts_are_the_whole_ones() -> None:
    """Server tools add input while the answer grows."""
    last = ending("end_turn", input_tokens=900, cache_read_input_tokens=50, output_tokens=7)
    usage = read(START, TEXT, ending(None, output_tokens=2), last, STOP).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (950, 7, 50)


def test_output_of_a_torn_stream_is_estimated() -> None:
    """The start of a stream counts one token of output, whatever follows."""
    start = event("message_start", message={"usage": {"input_tokens": 9, "output_tokens": 1}})
    usage = read(start, delta(type="text_delta", text="x" * 40)).usage
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (9, 10, "estimate")


def test_what_follows_the_end_is_no_part_of_the_answer() -> None:
    assert kind(read(START, TEXT, END, STOP, event("ping"))) == "ok"
    for more in (TEXT, block(type="text", text="more")):
        reading = read(START, TEXT, END, STOP, more)
        assert (kind(reading), reading.text) == ("ok", "Paris")
        assert reading.remarks == ("after_end_mark",)


def test_a_clean_end_without_the_mark() -> None:
    reading = read(START, TEXT, END)
    assert (kind(reading), reading.remarks) == ("ok", ("no_end_mark",))


@pytest.mark.parametrize(
    ("events", "missing"),
    [
        ((START, TEXT, STOP), "a finish reason"),
        ((START, TEXT), "a finish reason and without message_stop"),
    ],
)
def test_what_is_missing_is_named(events: tuple[bytes, ...], missing: str) -> None:
    outcome = read(*events).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.detail) == ("incomplete", f"the stream ended without {missing}")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "stream_error"),
        ({"type": "api_error", "message": "Internal server error"}, "stream_error"),
        ({"type": "rate_limit_error", "message": "Number of tokens has exceeded your limit"}, "rate_limited"),
        ({"type": "billing_error", "message": "Check your payment details"}, "billing"),
        ({"type": "authentication_error", "message": "invalid x-api-key"}, "auth"),
    ],
)
def test_errors_in_a_stream(error: dict[str, str], outcome: str) -> None:
    failing = sse({"type": "error", "error": error}, "error")
    for reading in (
        read(START, TEXT, failing),
        read_answer(body_of({"type": "error", "error": error}), MESSAGES.dialect),
    ):
        assert kind(reading) == outcome
        assert error["message"] in getattr(reading.outcome, "detail", "")


def test_a_body_of_every_kind_of_block() -> None:
    content = [
        {"type": "thinking", "thinking": "Well", "signature": "E"},
        {"type": "redacted_thinking", "data": "E"},
        {"type": "text", "text": "Paris "},
        {"type": "tool_use", "id": "t", "name": "find", "input": {"q": "é"}},
        {"type": "text", "text": "it is"},
        {"type": "something_new", "text": "x"},
    ]
    message = {
        "type": "message",
        "content": content,
        "stop_reason": "end_turn",
        "usage": {"output_tokens": 9},
    }
    reading = read_answer(body_of(message), MESSAGES.dialect)
    assert (reading.text, reading.reasoning_text) == ("Paris it is", "Well")
    assert [out.characters for out in reading.timeline.output] == [4, 6, 14, 5]


@pytest.mark.parametrize(
    ("request_body", "size"),
    [
        ({"messages": [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "é"}]}, 5),
        ({"system": "ab", "messages": [{"role": "user", "content": "c"}]}, 3),
        (
            {
                "system": [{"type": "text", "text": "ab"}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "c"}, {"type": "image"}]}],
            },
            3,
        ),
        ({"messages": []}, 0),
        ({"prompt": "abc"}, None),
        ([], None),
    ],
)
def test_the_size_of_a_prompt(request_body: Any, size: int | None) -> None:
    assert MESSAGES.dialect.prompt_bytes(to_json(request_body)) == size


def test_a_body_that_is_an_array_is_no_message() -> None:
    capture = capture_of([(200, head(200, "application/json")), (210, b'[{"type":"message"}]')])
    assert kind(read_answer(capture, MESSAGES.dialect)) == "malformed"


# The model list ---------------------------------------------------------------------------------------------


def test_everything_that_the_list_says_of_a_model() -> None:
    entry = {
        "type": "model",
        "id": "claude-opus-4-1-20250805",
        "display_name": "Claude Opus 4.1",
        "created_at": "2025-08-05T00:00:00Z",
        "lifecycle": "deprecated",
        "deprecated_at": "2026-10-01T00:00:00Z",
        "retires_at": "2027-01-05T09:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 32_000,
        "capabilities": {
            "image_input": {"supported": True},
            "pdf_input": {"supported": True},
            "thinking": {"supported": True},
        },
    }
    page = MODELS.read({"data": [entry], "has_more": False, "last_id": entry["id"]}, LAB)
    assert page.following is None
    assert page.models == [
        ListedModel(
            id="claude-opus-4-1-20250805",
            display_name="Claude Opus 4.1",
            context_window=200_000,
            max_output_tokens=32_000,
            input_modalities=("text", "image", "pdf"),
            output_modalities=("text",),
            created_at=datetime(2025, 8, 5, tzinfo=UTC),
            lifecycle="deprecated",
            deprecated_on=date(2026, 10, 1),
            retires_on=date(2027, 1, 5),
        )
    ]


def test_what_the_list_does_not_say_is_unknown() -> None:
    entry = {"id": "m", "created_at": "1970-01-01T00:00:00Z", "lifecycle": "new", "max_tokens": None}
    assert MODELS.read({"data": [entry]}, LAB).models == [ListedModel(id="m")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "no model list"),
        ([], "no model list"),
        (None, "no model list"),
        ({"data": {}}, "no model list"),
        ({"data": [{"name": "m"}]}, "without an id"),
        ({"data": ["m"]}, "without an id"),
        ({"data": [{"id": ""}]}, "without an id"),
        ({"data": [{"id": "m"}], "has_more": True}, "does not say where"),
        ({"data": [{"id": "m"}], "has_more": True, "last_id": None}, "does not say where"),
    ],
)
def test_a_list_that_is_none(value: object, message: str) -> None:
    with pytest.raises(ProviderError, match=f"lab: .*{message}"):
        MODELS.read(value, LAB)
