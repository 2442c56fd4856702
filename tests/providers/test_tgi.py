"""Reading answers of TGI's own API: tokens, special ones, details, headers, ends and errors."""

from __future__ import annotations

from typing import Any

import pytest

from probe.facts.sample import Failed, Ok, Reported, Usage
from probe.providers.tgi.chat import TGI
from probe.wire.capture import WireFailure
from tests.providers.readings import instants, kind
from tests.providers.tgi_answers import DETAILS, HEADERS, end, read, read_events, token
from tests.wires.compose import PROMPT, body_of, event_ms

RESET = WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")


def test_a_stream() -> None:
    reading = read_events(token("Par"), token("is"), end("Paris"))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.finish_reason == "eos_token"
    assert reading.served_model is None
    assert reading.usage == Usage(input_tokens=12, output_tokens=3)
    assert reading.reported is None
    assert instants(reading) == [event_ms(1), event_ms(2)]
    assert reading.timeline.ttft_seconds == pytest.approx(0.210)


@pytest.mark.parametrize(
    "no_token",
    [
        pytest.param(token("<s>", special=True), id="special"),
        pytest.param(token(""), id="half a character"),
        pytest.param(b":\n\n", id="keep-alive"),
        pytest.param({}, id="empty object"),
        pytest.param({"token": None}, id="null token"),
        pytest.param({"token": {"id": 7}}, id="no text"),
        pytest.param({"prefill": [{"id": 1, "text": "Name"}]}, id="the prompt"),
    ],
)
def test_does_not_start_the_clock(no_token: Any) -> None:
    reading = read_events(no_token, token("Paris"), end("Paris"))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(2)]


@pytest.mark.parametrize("reason", ["length", "stop_sequence"])
def test_the_last_event_may_carry_text(reason: str) -> None:
    last = token("is", generated_text="Paris", details={**DETAILS, "finish_reason": reason})
    reading = read_events(token("Par"), last)
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.finish_reason == reason
    assert instants(reading) == [event_ms(1), event_ms(2)]


def test_a_text_that_no_token_told_is_output_all_the_same() -> None:
    reading = read_events(end("Paris"))
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1)]


def test_without_details_every_event_is_a_token() -> None:
    last = {**end(" Paris it is"), "details": None}
    reading = read_events(token(" Paris"), token(" it"), token(" is"), last)
    assert reading.outcome == Ok()
    assert reading.finish_reason == "unstated"
    assert reading.usage == Usage(input_tokens=-(-len(PROMPT) // 4), output_tokens=4, source="estimate")


def test_counts_of_another_type() -> None:
    reading = read_events(token("Paris"), end("Paris", generated_tokens="3", input_length=12.0))
    assert reading.usage == Usage(input_tokens=12, output_tokens=3)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"token": {"text": 7}}, id="a number for text"),
        pytest.param({"token": {"text": "7", "special": 0}}, id="a number for special"),
        pytest.param({"token": {"text": "7"}, "details": []}, id="a list for details"),
        pytest.param({"token": {"text": "7"}, "error_type": 1}, id="a number for the type of no error"),
    ],
)
def test_values_of_another_type_cost_nothing(event: dict[str, Any]) -> None:
    reading = read_events(event, end("7"))
    assert reading.outcome == Ok()
    assert reading.text == "7"
    assert instants(reading) == [event_ms(1)]


# Ends ------------------------------------------------------------------------------------------------------


def test_nothing_said() -> None:
    assert kind(read_events(end(""))) == "empty"


def test_the_limit_spent_on_nothing_visible() -> None:
    reading = read_events(token("<s>", special=True), end("", finish_reason="length"))
    assert kind(reading) == "budget_exhausted"


def test_a_stream_that_does_not_end() -> None:
    reading = read_events(token("Paris"))
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "incomplete"
    assert reading.outcome.detail == "the stream ended without a finish reason and without the generated text"


def test_torn_before_the_end() -> None:
    reading = read_events(token("Par"), b'data:{"token":{"te', failure=RESET)
    assert kind(reading) == "stream_broken"
    assert reading.text == "Par"


def test_torn_after_the_end() -> None:
    assert read_events(token("Paris"), end("Paris"), failure=RESET).outcome == Ok()


@pytest.mark.parametrize("late", [token("more"), end("Paris"), {}])
def test_an_event_after_the_last(late: dict[str, Any]) -> None:
    reading = read_events(token("Paris"), end("Paris"), late)
    assert (kind(reading), reading.remarks) == ("ok", ("after_end_mark",))
    assert reading.text == "Paris"


@pytest.mark.parametrize(
    "garbage",
    [b"data:{\n\n", b"data:hello\n\n", b"data:[1]\n\n", b'data:{"token":{"text":"\xff"}}\n\n'],
)
def test_garbage_keeps_what_came_before(garbage: bytes) -> None:
    reading = read_events(token("Par"), garbage, token("is"), end("Paris"))
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "malformed"
    assert reading.outcome.detail.startswith("event 2: ")
    assert reading.text == "Par"


# Errors: `InferError` in router/src/infer/mod.rs -----------------------------------------------------------


@pytest.mark.parametrize(
    ("error_type", "message", "expected"),
    [
        ("overloaded", "Model is overloaded", "overloaded"),
        ("validation", "Input validation error: `inputs` cannot be empty", "bad_request"),
        ("template_error", "Template error: undefined value", "bad_request"),
        ("missing_template_variable", "Missing template vatiable: tools", "bad_request"),
        ("tool_error", "Tool error: no tools", "bad_request"),
        ("generation", "Request failed during generation: Server error: CUDA error", "stream_error"),
        ("incomplete_generation_stream", "Incomplete generation stream", "stream_error"),
        ("stream_serialization_error", "Stream event serialization error", "stream_error"),
        ("something new", "boom", "stream_error"),
        (None, "boom", "stream_error"),
        (7, "boom", "stream_error"),
    ],
)
@pytest.mark.parametrize("before", [(), (token("Par"),)], ids=["at once", "in the middle"])
def test_an_error_in_the_stream(
    before: tuple[Any, ...], error_type: Any, message: str, expected: str
) -> None:
    """The status of a stream is 200 before anything is known."""
    reading = read_events(*before, {"error": message, "error_type": error_type})
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.detail) == (expected, message)
    assert reading.text == ("Par" if before else None)


# One body --------------------------------------------------------------------------------------------------

BODY = {"generated_text": "Paris", "details": {"finish_reason": "length", "generated_tokens": 20}}


def test_a_body_and_its_head() -> None:
    reading = read(body_of(BODY, headers=HEADERS))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.finish_reason == "length"
    assert not reading.timeline.streamed
    assert reading.usage == Usage(input_tokens=12, output_tokens=20)
    assert reading.reported == Reported(
        source="headers",
        queue_seconds=0.004,
        itl_seconds=0.00515,
        total_seconds=0.108642731,
    )


def reported(**changes: str | None) -> Reported | None:
    """What is reported with these headers changed; None leaves one out."""
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    told = {name: value for name, value in headers.items() if value is not None}
    return read(body_of(BODY, headers=told)).reported


def test_the_time_of_a_token_as_it_is_told_where_it_cannot_be_had_better() -> None:
    found = reported(x_inference_time=None)
    assert found is not None
    assert found.itl_seconds == 0.005


def test_the_total_in_milliseconds_where_there_is_no_better() -> None:
    found = reported(x_compute_time=None)
    assert found is not None
    assert found.total_seconds == 0.108


@pytest.mark.parametrize("value", ["-1", "soon", "", "1e9", "nan", "9" * 400, "٣"])
def test_headers_that_are_no_numbers_are_unknown(value: str) -> None:
    headers = {name: value.encode().decode("latin-1") for name in HEADERS}
    reading = read(body_of(BODY, headers=headers))
    assert reading.outcome == Ok()
    assert reading.reported is None
    assert reading.usage.output_tokens == 20


def test_a_stream_has_no_figures_in_its_head() -> None:
    told = {"x-compute-type": "gpu+optimized", "x-compute-characters": "40"}
    reading = read_events(token("Paris"), end("Paris"), headers=told)
    assert reading.reported is None
    assert reading.usage == Usage(input_tokens=12, output_tokens=3)


def test_without_details_the_head_counts() -> None:
    reading = read(body_of({"generated_text": "Paris"}, headers=HEADERS))
    assert reading.outcome == Ok()
    assert reading.finish_reason == "unstated"
    assert reading.usage == Usage(input_tokens=12, output_tokens=20)


def test_a_list_of_one() -> None:
    """As the endpoint `/` answers."""
    reading = read(body_of([BODY], headers=HEADERS))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"error": "boom", "error_type": "generation"}, "stream_error", id="an error"),
        pytest.param({"error": "full", "error_type": "overloaded"}, "overloaded", id="a typed error"),
        pytest.param({"model_id": "m"}, "malformed", id="another answer"),
        pytest.param([], "malformed", id="a list of none"),
        pytest.param([BODY, BODY], "malformed", id="a list of two"),
        pytest.param({"generated_text": ""}, "empty", id="nothing said"),
    ],
)
def test_bodies_that_are_no_answer(body: Any, expected: str) -> None:
    assert kind(read(body_of(body))) == expected


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        (b'{"inputs":"\xc3\xbc?","parameters":{}}', 3),
        (b"{}", None),
        (b'{"inputs":7}', None),
        (b'{"inputs":"\xff"}', None),
    ],
)
def test_the_size_of_a_prompt(request_body: bytes, expected: int | None) -> None:
    assert TGI.dialect.prompt_bytes(request_body) == expected
