"""Reading answers in one body: asked for, or sent by a server that ignores `stream`."""

from __future__ import annotations

from typing import Any

import pytest

from probe.facts.sample import Failed, Ok, Usage
from probe.providers.openai_chat.chat import read_completion
from probe.wire.capture import WireFailure
from tests.wires.compose import at, body_of, capture_of, chunk, head, stream_of


def completion(finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "served-model",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


def test_a_plain_body() -> None:
    reading = read_completion(body_of(completion(content="Paris it is")))
    assert reading.outcome == Ok()
    assert reading.text == "Paris it is"
    assert reading.finish_reason == "stop"
    assert reading.served_model == "served-model"
    assert reading.usage == Usage(input_tokens=12, output_tokens=3)


def test_a_body_has_a_latency_but_no_first_token_and_no_speed() -> None:
    timeline = read_completion(body_of(completion(content="Paris"))).timeline
    assert not timeline.streamed
    assert [out.at_ns for out in timeline.output] == [at(220)]
    assert timeline.total_latency_seconds == pytest.approx(0.220)
    assert timeline.ttfb_seconds == pytest.approx(0.200)
    assert timeline.ttft_seconds is None
    assert timeline.ttft_server_seconds is None
    assert timeline.ttfa_seconds is None
    assert timeline.tps(3) is None
    assert timeline.tps_steady(3) is None


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "Paris", "reasoning": "hm"}, "Paris", "hm"),
        ({"content": "Paris", "reasoning_content": "hm"}, "Paris", "hm"),
        ({"content": [{"type": "text", "text": "Par"}, {"type": "text", "text": "is"}]}, "Paris", None),
        ({"content": None, "refusal": "I can't."}, "I can't.", None),
        (
            {"content": None, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
            None,
            None,
        ),
    ],
)
def test_messages(message: dict[str, Any], text: str | None, reasoning: str | None) -> None:
    reading = read_completion(body_of(completion(**message)))
    assert reading.outcome == Ok()
    assert (reading.text, reading.reasoning_text) == (text, reasoning)


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/plain", ""])
def test_the_body_says_what_it_is_whatever_its_label(content_type: str) -> None:
    reading = read_completion(body_of(completion(content="Paris"), content_type=content_type))
    assert (reading.outcome, reading.timeline.streamed) == (Ok(), False)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/event-stream", ""])
def test_a_stream_under_another_label(content_type: str) -> None:
    capture = stream_of(chunk("Paris"), chunk(finish="stop"), "[DONE]", content_type=content_type)
    reading = read_completion(capture)
    assert (reading.outcome, reading.timeline.streamed) == (Ok(), True)


@pytest.mark.parametrize(
    ("capture", "kind", "said"),
    [
        pytest.param(
            body_of(b"<html><head><title>Just a moment...</title></head></html>", content_type="text/html"),
            "malformed",
            "HTTP 200 with a page (text/html): Just a moment...",
            id="a page",
        ),
        pytest.param(
            body_of(b"<p>Please <b>log in</b></p>", content_type="text/html"),
            "malformed",
            "Please log in",
            id="a page without a title",
        ),
        pytest.param(body_of(b"OK", content_type="text/plain"), "malformed", "text/plain", id="words"),
        pytest.param(body_of(b'{"choices": [{"mess'), "malformed", "application/json", id="cut JSON"),
        pytest.param(body_of(b'[{"a": 1}]'), "malformed", "a JSON object was expected", id="a list"),
        pytest.param(body_of(b'{"ok": true}'), "malformed", "no choices", id="another object"),
        pytest.param(
            body_of(b'{"object": "error", "message": "loading"}'),
            "stream_error",
            "loading",
            id="an odd error",
        ),
        pytest.param(body_of(b"  "), "incomplete", "no body", id="blank"),
        pytest.param(
            capture_of([(200, head(200, "application/json"))]), "incomplete", "no body", id="nothing"
        ),
        pytest.param(body_of(completion(content="")), "empty", "no answer", id="empty content"),
        pytest.param(body_of({"choices": []}), "empty", "no answer", id="no choice"),
        pytest.param(
            body_of(completion("length", content="", reasoning="hm")),
            "budget_exhausted",
            "before any answer",
            id="limit spent",
        ),
        pytest.param(
            body_of(completion("content_filter", content="")), "content_filter", "filter", id="filtered"
        ),
        pytest.param(
            body_of({"error": {"code": 502, "message": "upstream died"}}),
            "stream_error",
            "upstream died",
            id="an error with status 200",
        ),
        pytest.param(
            body_of(completion(content="Paris"), headers={"content-encoding": "gzip"}),
            "protocol",
            "no sound gzip",
            id="said to be compressed",
        ),
        pytest.param(
            body_of(
                b'{"choices": [',
                headers={"content-length": "100"},
                failure=WireFailure(phase="stream", reason="reset", detail="Connection reset by peer"),
            ),
            "stream_broken",
            "reset",
            id="torn",
        ),
        pytest.param(
            body_of(b'{"choices": [', headers={"content-length": "100"}),
            "stream_broken",
            "before the response was whole",
            id="shorter than announced",
        ),
    ],
)
def test_bodies_that_are_no_answer(capture: Any, kind: str, said: str) -> None:
    reading = read_completion(capture)
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == kind
    assert said in reading.outcome.detail
    assert reading.status_code == 200


def test_identity_is_no_compression() -> None:
    assert (
        read_completion(body_of(completion(content="a"), headers={"content-encoding": "identity"})).outcome
        == Ok()
    )


# No answer at all -----------------------------------------------------------------------------------------


def test_an_answer_with_another_status_is_failed_by_its_status() -> None:
    reading = read_completion(
        body_of(
            {"error": {"message": "Rate limit reached", "type": "tokens", "code": "rate_limit_exceeded"}},
            429,
            headers={"retry-after": "7", "x-request-id": "req_1"},
        )
    )
    assert reading.outcome == Failed(
        kind="rate_limited",
        fault="account",
        detail="HTTP 429: Rate limit reached",
        retry_after_seconds=7.0,
    )
    assert reading.status_code == 429
    assert reading.provider_request_id == "req_1"
    assert reading.usage == Usage()
    assert reading.timeline.output == ()


def test_a_status_counts_even_where_its_body_broke_off() -> None:
    failure = WireFailure(phase="stream", reason="reset", detail="reset")
    reading = read_completion(body_of(b'{"error": {"mess', 500, failure=failure))
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "server_error"


def test_no_response() -> None:
    failure = WireFailure(phase="dns", reason="dns", detail="Name or service not known")
    reading = read_completion(capture_of([], failure=failure))
    assert reading.outcome == Failed(
        kind="dns", fault="network", detail="resolving the name: Name or service not known"
    )
    assert reading.status_code is None
    assert reading.timeline.first_byte_ns is None
    assert reading.usage == Usage()


def test_no_response_and_no_reason() -> None:
    reading = read_completion(capture_of([]))
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "protocol"


def test_bytes_that_are_no_http() -> None:
    reading = read_completion(capture_of([(200, b"SSH-2.0-OpenSSH_9.2\r\n")]))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("protocol", "provider")
