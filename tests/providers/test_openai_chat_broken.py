"""Reading streams that are no success: broken, cut, refused, in error or empty; what came before is kept."""

from __future__ import annotations

from typing import Any

import pytest

from probe.facts.sample import Failed, Ok
from probe.providers.openai_chat.chat import read_completion
from probe.wire.capture import WireFailure
from tests.providers.readings import instants, kind
from tests.wires.compose import (
    capture_of,
    chunk,
    event_ms,
    head,
    stream_of,
    usage,
)

STOP = chunk(finish="stop")


# Streams that are no success ------------------------------------------------------------------------------


def test_done_without_a_finish_reason() -> None:
    reading = read_completion(stream_of(chunk("Paris"), "[DONE]"))
    assert kind(reading) == "incomplete"
    assert reading.text == "Paris"
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.detail == "the stream ended without a finish reason"


def test_a_finish_reason_without_done() -> None:
    reading = read_completion(stream_of(chunk("Paris"), STOP))
    assert (reading.outcome, reading.remarks) == (Ok(), ("no_end_mark",))


def test_a_stream_without_any_event() -> None:
    assert kind(read_completion(capture_of([(200, head())]))) == "incomplete"


@pytest.mark.parametrize("late", [chunk("more"), usage(), {}])
def test_data_after_done(late: dict[str, Any]) -> None:
    reading = read_completion(stream_of(chunk("Paris"), STOP, "[DONE]", late))
    assert (reading.outcome, reading.remarks) == (Ok(), ("after_end_mark",))
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1)]


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b'data: {"choices":[{"delta":\n\n', id="cut JSON"),
        pytest.param(b"data: hello\n\n", id="no JSON"),
        pytest.param(b"data: [1]\n\n", id="no object"),
        pytest.param(b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n', id="invalid UTF-8"),
        pytest.param(b'data: {"choices":[{"delta":{"content":"\xc3"}}]}\n\n', id="half a character"),
        pytest.param(b"data: " + b'{"a":' * 5000 + b"\n\n", id="nested without end"),
        pytest.param(b"data: " + b"[" * 5000 + b"\n\n", id="lists without end"),
        pytest.param(b'data: {"n": ' + b"9" * 5000 + b"}x\n\n", id="a number without end"),
    ],
)
def test_garbage_keeps_what_came_before(garbage: bytes) -> None:
    reading = read_completion(stream_of(chunk("Par"), garbage, chunk("is"), STOP, "[DONE]"))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("malformed", "provider")
    assert reading.outcome.detail.startswith("event 2: ")
    assert reading.text == "Par"
    assert instants(reading) == [event_ms(1)]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        pytest.param({"error": {"message": "The server had an error", "type": "server_error"}},
                     "The server had an error", id="OpenAI"),
        pytest.param({"error": "out of memory"}, "out of memory", id="text"),
        pytest.param({"error": {"code": 502, "message": "Provider disconnected"},
                      "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]},
                     "Provider disconnected", id="OpenRouter"),
        pytest.param({"error": {"code": 500, "message": "Provider returned error",
                                "metadata": {"raw": "CUDA error", "provider_name": "x"}}},
                     "Provider returned error: CUDA error", id="OpenRouter with the provider's own words"),
        pytest.param({"x_groq": {"error": "over_capacity"}, "choices": []}, "over_capacity",
                     id="Groq's envelope"),
        pytest.param(b'event: error\ndata: {"message": "boom", "type": "x"}\n\n', "boom", id="event: error"),
        pytest.param(b'event: error\ndata: {"error": {"message": "boom"}}\n\n', "boom", id="both"),
        pytest.param(b"event: error\ndata: it broke\n\n", "it broke", id="event: error in words"),
    ],
)  # fmt: skip
def test_an_error_inside_a_stream(event: Any, said: str) -> None:
    reading = read_completion(stream_of(chunk("Par"), event, "[DONE]"))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("stream_error", "provider")
    assert reading.outcome.detail == said
    assert reading.status_code == 200
    assert reading.text == "Par"


def test_an_error_after_done_comes_too_late() -> None:
    """The official client has stopped reading."""
    reading = read_completion(stream_of(chunk("a"), STOP, "[DONE]", {"error": {"message": "no"}}))
    assert (reading.outcome, reading.remarks) == (Ok(), ("after_end_mark",))


@pytest.mark.parametrize("nothing", [None, {}, "", []])
def test_an_empty_error_is_none(nothing: object) -> None:
    assert read_completion(stream_of({**chunk("Paris"), "error": nothing}, STOP, "[DONE]")).outcome == Ok()


@pytest.mark.parametrize(
    ("error", "expected", "fault"),
    [
        ({"code": 429, "message": "Rate limit exceeded, retry after 3s"}, "rate_limited", "account"),
        ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, "billing", "account"),
        ({"code": 402, "message": "Insufficient credits"}, "billing", "account"),
        ({"code": "context_length_exceeded", "message": "maximum context length"}, "bad_request", "probe"),
        ({"code": 403, "message": "flagged by moderation"}, "content_filter", "provider"),
    ],
)
def test_an_error_inside_a_stream_that_is_about_us(error: dict[str, Any], expected: str, fault: str) -> None:
    reading = read_completion(stream_of({"error": error}, "[DONE]"))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == (expected, fault)
    if expected == "rate_limited":
        assert reading.outcome.retry_after_seconds == 3


# Answers that are none ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "detail"),
    [
        ([chunk(reasoning="hm, let me see"), chunk(finish="length")], "on reasoning"),
        ([chunk(""), chunk(finish="length"),
          usage(12, 64, completion_tokens_details={"reasoning_tokens": 64})], "on 64 reasoning tokens"),
        ([chunk(finish="length")], "before any answer"),
    ],
)  # fmt: skip
def test_a_limit_spent_before_any_answer(events: list[dict[str, Any]], detail: str) -> None:
    reading = read_completion(stream_of(*events, "[DONE]"))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("budget_exhausted", "probe")
    assert reading.outcome.detail.endswith(detail)


def test_an_answer_cut_at_the_limit_is_an_answer() -> None:
    assert read_completion(stream_of(chunk("Paris is"), chunk(finish="length"), "[DONE]")).outcome == Ok()


@pytest.mark.parametrize("events", [[STOP], [chunk(""), STOP], [chunk(reasoning="hm"), STOP]])
def test_an_empty_answer(events: list[dict[str, Any]]) -> None:
    assert kind(read_completion(stream_of(*events, "[DONE]"))) == "empty"


@pytest.mark.parametrize("events", [[], [chunk("Par")]])
def test_an_answer_that_the_filter_ended(events: list[dict[str, Any]]) -> None:
    assert (
        kind(read_completion(stream_of(*events, chunk(finish="content_filter"), "[DONE]")))
        == "content_filter"
    )


def test_finish_reason_error() -> None:
    assert kind(read_completion(stream_of(chunk("Par"), chunk(finish="error"), "[DONE]"))) == "stream_error"


# The wire broke -------------------------------------------------------------------------------------------

RESET = WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")
STALL = WireFailure(phase="stream", reason="timeout", detail="silence", deadline="stall")
TOTAL = WireFailure(phase="stream", reason="timeout", detail="too long", deadline="total")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (RESET, "stream_broken"),
        (WireFailure(phase="stream", reason="closed", detail="closed"), "stream_broken"),
        (STALL, "timeout_stall"),
        (TOTAL, "timeout_total"),
        (
            WireFailure(phase="first_token", reason="timeout", detail="no output within 30 s"),
            "timeout_first_token",
        ),
        (WireFailure(phase="stream", reason="too_large", detail="larger than 1 byte"), "too_large"),
        (WireFailure(phase="stream", reason="cancelled", detail="told to stop"), "cancelled"),
        (WireFailure(phase="stream", reason="probe", detail="the stopwatch died"), "probe"),
        (WireFailure(phase="stream", reason="protocol", detail="not HTTP"), "protocol"),
    ],
)
def test_a_broken_stream_keeps_what_came(failure: WireFailure, expected: str) -> None:
    reading = read_completion(stream_of(chunk("Par"), chunk("is"), failure=failure))
    assert kind(reading) == expected
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1), event_ms(2)]
    assert reading.usage.source == "estimate"


def test_a_stream_torn_inside_an_event_is_broken_and_not_malformed() -> None:
    reading = read_completion(stream_of(chunk("Par"), b'data: {"choices":[{"del', failure=RESET))
    assert kind(reading) == "stream_broken"
    assert reading.text == "Par"


def test_a_torn_event_whose_data_is_whole_has_arrived() -> None:
    event = b'data: {"choices":[{"delta":{"content":"is"}}]}'
    assert read_completion(stream_of(chunk("Par"), event, failure=RESET)).text == "Paris"


def test_an_end_inside_an_event_without_a_failure_is_malformed() -> None:
    assert kind(read_completion(stream_of(chunk("Par"), b'data: {"choices":[{"del'))) == "malformed"


@pytest.mark.parametrize("failure", [RESET, STALL])
def test_what_happens_after_the_end_of_the_answer_does_not_matter(failure: WireFailure) -> None:
    assert read_completion(stream_of(chunk("Paris"), STOP, "[DONE]", failure=failure)).outcome == Ok()


def test_bytes_beyond_the_response_are_remarked() -> None:
    body = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    framed = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    assert read_completion(capture_of([(200, framed)])).outcome == Ok()
    reading = read_completion(capture_of([(200, framed + b"surprise")]))
    assert (reading.outcome, reading.remarks) == (Ok(), ("surplus_bytes",))


def test_a_chunked_body_that_breaks_off() -> None:
    event = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    framed = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(event), event)
    reading = read_completion(capture_of([(200, framed)]))
    assert kind(reading) == "stream_broken"
    assert reading.text == "a"
