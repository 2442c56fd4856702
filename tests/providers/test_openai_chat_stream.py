"""Reading streams of the chat completions dialect: one test for each framing trap."""

from __future__ import annotations

from typing import Any

import pytest

from probe.facts.sample import Ok, Usage
from probe.providers.openai_chat.chat import read_completion
from tests.providers.readings import instants
from tests.wires.compose import (
    FIRST_MS,
    PROMPT,
    at,
    capture_of,
    chunk,
    event_ms,
    head,
    stream_of,
    usage,
)

STOP = chunk(finish="stop")


def test_a_plain_stream() -> None:
    capture = stream_of(chunk("", role="assistant"), chunk("Par"), chunk("is"), STOP, usage(12, 2), "[DONE]")
    reading = read_completion(capture)
    assert reading.outcome == Ok()
    assert reading.status_code == 200
    assert reading.text == "Paris"
    assert reading.reasoning_text is None
    assert reading.finish_reason == "stop"
    assert reading.served_model == "served-model"
    assert reading.system_fingerprint == "fp_1"
    assert reading.provider_request_id == "chatcmpl-1"
    assert reading.usage == Usage(input_tokens=12, output_tokens=2, source="provider")
    timeline = reading.timeline
    assert timeline.streamed
    assert timeline.first_byte_ns == at(FIRST_MS)
    assert instants(reading) == [event_ms(2), event_ms(3)]
    assert timeline.ttft_seconds == pytest.approx(0.220)
    assert timeline.ttft_server_seconds == pytest.approx(0.216)
    assert timeline.total_latency_seconds == pytest.approx(0.230)
    assert timeline.tps(2) == pytest.approx(100)


# What is a token and what is none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "no_token",
    [
        pytest.param(chunk(role="assistant"), id="role only"),
        pytest.param(chunk("", role="assistant"), id="empty content"),
        pytest.param({"choices": [{"delta": {"role": "assistant", "content": None}}]}, id="null content"),
        pytest.param({"choices": [{"delta": {}}]}, id="empty delta"),
        pytest.param({"choices": [{"delta": None}]}, id="null delta"),
        pytest.param({"choices": [{"index": 0}]}, id="no delta"),
        pytest.param({"choices": []}, id="no choices in it"),
        pytest.param({"choices": None}, id="null choices"),
        pytest.param({}, id="empty object"),
        pytest.param(chunk(reasoning="", reasoning_content=""), id="empty reasoning"),
        pytest.param(chunk(reasoning_details=[]), id="no reasoning details"),
        pytest.param(
            chunk(reasoning_details=[{"type": "reasoning.encrypted", "data": "gAAA"}]),
            id="encrypted reasoning",
        ),
        pytest.param(chunk(tool_calls=[]), id="no tool calls"),
        pytest.param(chunk(tool_calls=None, refusal=None, function_call=None), id="null everything"),
        pytest.param({"type": "ping"}, id="ping object"),
        pytest.param(b": OPENROUTER PROCESSING\n\n", id="comment"),
        pytest.param(b"event: ping\ndata: {}\n\n", id="ping event"),
        pytest.param(b"event: ping\ndata: still here\n\n", id="ping event that is no JSON"),
        pytest.param(b"data:\n\n", id="empty data"),
        pytest.param(usage(12, 0), id="usage that counts along"),
        pytest.param(
            {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, id="Azure's filter results"
        ),
    ],
)
def test_does_not_start_the_clock(no_token: Any) -> None:
    reading = read_completion(stream_of(no_token, chunk("Paris"), STOP, usage(12, 1), "[DONE]"))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(2)]


@pytest.mark.parametrize(
    "delta",
    [
        pytest.param({"reasoning": "hm"}, id="reasoning"),
        pytest.param({"reasoning_content": "hm"}, id="reasoning_content"),
        pytest.param(
            {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, id="reasoning_details text"
        ),
        pytest.param(
            {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
            id="reasoning_details summary",
        ),
        pytest.param(
            {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
            id="the same reasoning twice",
        ),
        pytest.param({"reasoning": "hm", "reasoning_content": "hm"}, id="the same under both names"),
        pytest.param({"reasoning": "hm", "content": ""}, id="beside empty content"),
        pytest.param(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
            id="Mistral's thinking parts",
        ),
    ],
)
def test_reasoning_starts_the_clock_but_is_no_answer(delta: dict[str, Any]) -> None:
    reading = read_completion(stream_of(chunk(**delta), chunk("Paris"), STOP, "[DONE]"))
    assert reading.outcome == Ok()
    assert reading.reasoning_text == "hm"
    assert reading.text == "Paris"
    assert [(out.characters, out.answer) for out in reading.timeline.output] == [(2, False), (5, True)]
    assert reading.timeline.ttft_seconds == pytest.approx(0.210)
    assert reading.timeline.ttfa_seconds == pytest.approx(0.220)


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param(
            [
                {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "get", "arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]},
            ],
            id="tool_calls",
        ),
        pytest.param(
            [
                {"function_call": {"name": "get", "arguments": ""}},
                {"function_call": {"arguments": '{"a":1}'}},
            ],
            id="the older function_call",
        ),
        pytest.param(
            [
                {"tool_calls": [{"function": {"name": "get", "arguments": None}}]},
                {"tool_calls": [{"function": {"arguments": {"a": 1}}}]},
            ],
            id="arguments as an object",
        ),
    ],
)
def test_tool_calls_are_output(deltas: list[dict[str, Any]]) -> None:
    events = [chunk(**delta) for delta in deltas]
    reading = read_completion(stream_of(*events, chunk(finish="tool_calls"), "[DONE]"))
    assert reading.outcome == Ok()
    assert reading.text is None
    assert instants(reading) == [event_ms(1), event_ms(2)]
    assert all(out.answer for out in reading.timeline.output)


def test_a_refusal_is_an_answer() -> None:
    reading = read_completion(stream_of(chunk(refusal="I can't"), chunk(refusal=" help."), STOP, "[DONE]"))
    assert reading.outcome == Ok()
    assert reading.text == "I can't help."
    assert len(reading.timeline.output) == 2


def test_the_text_of_the_older_completions_shape() -> None:
    reading = read_completion(
        stream_of(
            {"choices": [{"text": "Paris"}]}, {"choices": [{"text": "", "finish_reason": "stop"}]}, "[DONE]"
        )
    )
    assert (reading.outcome, reading.text) == (Ok(), "Paris")


def test_content_in_parts() -> None:
    reading = read_completion(
        stream_of(
            chunk(content=None),
            {"choices": [{"delta": {"content": [{"type": "text", "text": "Paris"}]}}]},
            STOP,
            "[DONE]",
        )
    )
    assert (reading.outcome, reading.text) == (Ok(), "Paris")


# Framing -------------------------------------------------------------------------------------------------

FRAMINGS = [
    pytest.param(b'data: {"choices":[{"delta":{"content":"Paris"}}]}\r\n\r\n', id="crlf"),
    pytest.param(b'data: {"choices":[{"delta":{"content":"Paris"}}]}\r\r', id="cr"),
    pytest.param(b'data:{"choices":[{"delta":{"content":"Paris"}}]}\n\n', id="no space"),
    pytest.param(b'data: {"choices":[{"delta":\ndata: {"content":"Paris"}}]}\n\n', id="several data lines"),
    pytest.param(
        b': hm\nid: 3\ndata: {"choices":[{"delta":{"content":"Paris"}}]}\n\n', id="among other fields"
    ),
    pytest.param(
        b'event: message\ndata: {"choices":[{"delta":{"content":"Paris"}}]}\n\n', id="a named event"
    ),
    pytest.param(b'\n\ndata: {"choices":[{"delta":{"content":"Paris"}}]}\n\n\n', id="blank lines to spare"),
    pytest.param(b'data:  {"choices":[{"delta":{"content":"Paris"}}]} \n\n', id="spaces around the JSON"),
]


@pytest.mark.parametrize("event", FRAMINGS)
def test_framing(event: bytes) -> None:
    reading = read_completion(stream_of(event, STOP, "[DONE]"))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1)]


def test_crlf_all_the_way() -> None:
    reading = read_completion(stream_of(chunk("Par"), chunk("is"), STOP, usage(), "[DONE]", line_end="\r\n"))
    assert (reading.outcome, reading.text) == (Ok(), "Paris")
    assert instants(reading) == [event_ms(1), event_ms(2)]


@pytest.mark.parametrize(
    "ending", [b"data: [DONE]\n", b"data: [DONE]", b"data:[DONE]", b"data: [DONE] \r\n\r\n"]
)
def test_a_last_event_without_its_blank_line(ending: bytes) -> None:
    assert read_completion(stream_of(chunk("Paris"), STOP, ending)).outcome == Ok()


def test_done_twice_carries_nothing() -> None:
    assert read_completion(stream_of(chunk("Paris"), STOP, "[DONE]", "[DONE]")).outcome == Ok()


def test_a_comment_after_done_carries_nothing() -> None:
    assert read_completion(stream_of(chunk("Paris"), STOP, "[DONE]", b": bye\n\n")).outcome == Ok()


def test_an_event_has_arrived_when_the_last_byte_of_its_data_has() -> None:
    event = 'data: {"choices":[{"delta":{"content":"née"}}]}'.encode()
    inside_a_character = event.index("é".encode()) + 1
    reading = read_completion(
        capture_of(
            [
                (200, head()),
                (210, event[:inside_a_character]),
                (220, event[inside_a_character:-1]),
                (230, event[-1:]),
                (240, b"\n"),
                (250, b'\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'),
            ]
        )
    )
    assert reading.outcome == Ok()
    assert reading.text == "née"
    assert instants(reading) == [230]


def test_several_events_of_one_arrival_share_its_instant() -> None:
    two = (
        b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"choices":[{"delta":{"content":"b"}}]}\n\n'
    )
    reading = read_completion(stream_of(two, chunk("c"), STOP, "[DONE]"))
    assert instants(reading) == [event_ms(1), event_ms(1), event_ms(2)]
    assert list(reading.timeline.chunk_gaps_seconds) == pytest.approx([0.010])


def test_the_head_and_the_first_event_in_one_arrival() -> None:
    body = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    reading = read_completion(capture_of([(200, head() + body)]))
    assert reading.outcome == Ok()
    assert reading.timeline.first_byte_ns == at(200)
    assert instants(reading) == [200]


def test_half_a_surrogate_pair_in_each_of_two_events() -> None:
    first = rb'data: {"choices":[{"delta":{"content":"\ud83d"}}]}' + b"\n\n"
    second = rb'data: {"choices":[{"delta":{"content":"\ude00"}}]}' + b"\n\n"
    assert read_completion(stream_of(first, second, STOP, "[DONE]")).text == "😀"
    lone = read_completion(stream_of(first, STOP, "[DONE]"))
    assert lone.text == "�"
    assert lone.outcome == Ok()


def test_a_nul_is_replaced_because_no_database_would_take_it() -> None:
    reading = read_completion(stream_of(chunk("a\x00b"), STOP, "[DONE]"))
    assert reading.text == "a\ufffdb"


def test_names_are_cut() -> None:
    event = {**chunk("a"), "model": "m" * 1000, "id": "\x00" * 1000}
    reading = read_completion(stream_of(event, chunk(finish="f" * 1000), "[DONE]"))
    assert reading.served_model == "m" * 200
    assert reading.provider_request_id == "\ufffd" * 200
    assert reading.finish_reason == "f" * 200


def test_the_usage_chunk_does_not_move_the_last_token() -> None:
    reading = read_completion(stream_of(chunk("Paris"), STOP, usage(12, 1), "[DONE]"))
    assert reading.timeline.last_output_ns == at(event_ms(1))
    assert reading.timeline.drain_seconds == pytest.approx(0.031)


# What is kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "event", "expected"),
    [
        ({"X-Request-Id": "req_7", "cf-ray": "8f"}, chunk("a"), "req_7"),
        ({"request-id": "req_8"}, chunk("a"), "req_8"),
        ({"x-generation-id": "gen-9"}, chunk("a"), "gen-9"),
        ({"cf-ray": "8f"}, {**chunk("a"), "x_groq": {"id": "req_01k"}}, "req_01k"),
        ({"cf-ray": "8f"}, chunk("a"), "chatcmpl-1"),
        ({"cf-ray": "8f"}, {"choices": [{"delta": {"content": "a"}}]}, "8f"),
        ({}, {"choices": [{"delta": {"content": "a"}}]}, None),
    ],
)
def test_the_request_id(headers: dict[str, str], event: dict[str, Any], expected: str | None) -> None:
    stop = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    assert read_completion(stream_of(event, stop, "[DONE]", headers=headers)).provider_request_id == expected


def test_rate_limit_headers_are_kept() -> None:
    headers = {
        "X-RateLimit-Limit-Requests": "14400",
        "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-requests": "1m2.5s",
        "Retry-After": "3",
        "anthropic-ratelimit-requests-limit": "50",
        "server": "x",
    }
    reading = read_completion(stream_of(chunk("a"), STOP, "[DONE]", headers=headers))
    assert reading.rate_limit == {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-requests": "1m2.5s",
        "retry-after": "3",
        "anthropic-ratelimit-requests-limit": "50",
    }


def test_endless_rate_limit_headers_are_cut() -> None:
    headers = {f"x-ratelimit-{number}": "9" * 1000 for number in range(100)}
    kept = read_completion(stream_of(chunk("a"), STOP, "[DONE]", headers=headers)).rate_limit
    assert len(kept) == 64
    assert {len(value) for value in kept.values()} == {200}


def test_the_model_that_served_may_be_named_late() -> None:
    late = {"model": "late-model", "choices": [{"delta": {}, "finish_reason": "stop"}]}
    reading = read_completion(
        stream_of({"model": "", "choices": [{"delta": {"content": "a"}}]}, late, "[DONE]")
    )
    assert reading.served_model == "late-model"


def test_the_prompt_is_what_an_estimate_of_the_input_is_made_of() -> None:
    reading = read_completion(stream_of(chunk("Paris"), STOP, "[DONE]"))
    assert reading.usage == Usage(input_tokens=-(-len(PROMPT) // 4), output_tokens=2, source="estimate")


def test_the_answer_begins_behind_its_thoughts() -> None:
    pieces = ("<think>", "hm", "</think>\n\n", "Pa", "ris")
    reading = read_completion(stream_of(*map(chunk, pieces), chunk(finish="stop"), "[DONE]"))
    assert (reading.text, reading.reasoning_text) == ("\n\nParis", "hm")
    assert [output.answer for output in reading.timeline.output] == [False, False, True, True, True]
