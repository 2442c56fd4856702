"""What must hold for any bytes and any split of them into reads."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.providers.openai_chat.chat import read_completion
from probe.providers.protocol import Reading
from probe.wire.capture import Capture, WireFailure
from tests.wires.compose import capture_of, chunk, head, resplit, stream_of, usage

WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
EVENTS = st.one_of(
    WORDS.map(chunk),
    WORDS.map(lambda word: chunk(reasoning=word)),
    WORDS.map(lambda word: chunk(tool_calls=[{"function": {"name": "f", "arguments": word}}])),
    st.just(chunk(role="assistant")),
    st.just(chunk(finish="stop")),
    st.just(chunk(finish="length")),
    st.builds(usage, st.integers(0, 99), st.integers(0, 99)),
    st.just({"error": {"message": "boom"}}),
    st.sampled_from([b": hm\n\n", b"event: ping\ndata: {}\n\n", b"data: {\n\n", "[DONE]"]),
)
FAILURES = st.sampled_from(
    [None, WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")]
)


@st.composite
def streams(draw: st.DrawFn) -> Capture:
    events: list[Any] = draw(st.lists(EVENTS, max_size=6))
    if draw(st.booleans()):
        events += [chunk(finish="stop"), "[DONE]"]
    return stream_of(*events, line_end=draw(st.sampled_from(["\n", "\r\n"])), failure=draw(FAILURES))


def said(reading: Reading) -> tuple[object, ...]:
    """Everything but the instants."""
    output = [(out.characters, out.answer) for out in reading.timeline.output]
    return (
        reading.outcome,
        reading.text,
        reading.reasoning_text,
        reading.usage,
        reading.finish_reason,
        output,
    )


@given(streams(), st.lists(st.integers(0, 2000), max_size=12))
def test_the_split_into_reads_changes_nothing_but_instants(capture: Capture, cuts: list[int]) -> None:
    assert said(read_completion(resplit(capture, cuts))) == said(read_completion(capture))


@given(streams(), st.lists(st.integers(0, 2000), max_size=12))
def test_instants_follow_the_stream(capture: Capture, cuts: list[int]) -> None:
    split = resplit(capture, cuts)
    output = read_completion(split).timeline.output
    arrivals = {arrival.at_ns for arrival in split.arrivals}
    assert all(out.at_ns in arrivals for out in output)
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(output))


@given(streams())
def test_output_adds_up_to_the_text(capture: Capture) -> None:
    reading = read_completion(capture)
    answered = sum(out.characters for out in reading.timeline.output if not out.answer)
    assert answered == len(reading.reasoning_text or "")


KEYS = st.sampled_from(
    [
        "choices",
        "delta",
        "message",
        "content",
        "reasoning",
        "reasoning_details",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "x_groq",
        "id",
        "model",
        "error",
        "code",
        "timings",
        "prompt_n",
        "text",
        "type",
        "metadata",
        "raw",
        "total_tokens",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=5)


@given(st.lists(OBJECTS, max_size=4), st.booleans())
@settings(max_examples=300)
def test_any_json_in_a_stream_is_read(events: list[Any], done: bool) -> None:
    data = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    reading = read_completion(stream_of(*data, *(["[DONE]"] if done else [])))
    assert storable(reading)


@given(OBJECTS, st.sampled_from([200, 400, 401, 429, 500]))
@settings(max_examples=300)
def test_any_json_body_is_read(body: dict[str, Any], status: int) -> None:
    data = json.dumps(body).encode()
    assert storable(read_completion(capture_of([(200, head(status, "application/json")), (210, data)])))


@given(st.binary(max_size=300), st.sampled_from(["text/event-stream", "application/json", "text/html"]))
def test_any_body_is_read(body: bytes, content_type: str) -> None:
    assert storable(read_completion(capture_of([(200, head(200, content_type)), (210, body)])))


@given(st.binary(max_size=300), FAILURES)
def test_any_response_is_read(received: bytes, failure: WireFailure | None) -> None:
    assert storable(read_completion(capture_of([(200, received)], failure=failure)))


def storable(reading: Reading) -> bool:
    """PostgreSQL takes any text that is UTF-8 without NUL: no half of a surrogate pair is left."""
    texts = (
        reading.text,
        reading.reasoning_text,
        reading.finish_reason,
        reading.served_model,
        reading.provider_request_id,
        reading.system_fingerprint,
        getattr(reading.outcome, "detail", None),
        *reading.rate_limit.values(),
    )
    return all(text is None or b"\x00" not in text.encode("utf-8") for text in texts)
