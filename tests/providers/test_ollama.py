"""Reading answers of Ollama's own API: pieces, thinking, calls, figures with their zeros, ends and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probe.facts.sample import Failed, Ok, Reported, Usage
from probe.providers.ollama.chat import OLLAMA_CHAT
from probe.wire.capture import WireFailure
from tests.providers.ollama_answers import CLOCKED, last, read, read_lines, said, written
from tests.providers.readings import instants, kind
from tests.wires.compose import PROMPT, REQUEST, body_of, capture_of, event_ms, head

RESET = WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")


def test_a_chat() -> None:
    reading = read_lines(said("Par"), said("is"), last(**CLOCKED))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.finish_reason == "stop"
    assert reading.served_model == "served-model"
    assert reading.usage == Usage(input_tokens=26, output_tokens=298)
    assert reading.timeline.streamed
    assert instants(reading) == [event_ms(1), event_ms(2)]
    assert reading.timeline.ttft_seconds == pytest.approx(0.210)


def test_a_generation() -> None:
    reading = read_lines(written("Par"), written("is"), last(written(), context=[1, 2, 3], **CLOCKED))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.usage == Usage(input_tokens=26, output_tokens=298)
    assert instants(reading) == [event_ms(1), event_ms(2)]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((said(thinking="hm"), said("Paris"), last()), id="chat"),
        pytest.param((written(thinking="hm"), written("Paris"), last(written())), id="generate"),
    ],
)
def test_thinking_starts_the_clock_but_is_no_answer(lines: tuple[dict[str, Any], ...]) -> None:
    reading = read_lines(*lines)
    assert reading.reasoning_text == "hm"
    assert reading.text == "Paris"
    assert [(out.characters, out.answer) for out in reading.timeline.output] == [(2, False), (5, True)]
    assert reading.timeline.ttft_seconds == pytest.approx(0.210)
    assert reading.timeline.ttfa_seconds == pytest.approx(0.220)


def test_thinking_and_text_in_one_line() -> None:
    reading = read_lines(last(said("Paris", thinking="hm")))
    assert (reading.reasoning_text, reading.text) == ("hm", "Paris")
    assert instants(reading) == [event_ms(1), event_ms(1)]


CALL = {"function": {"name": "get_weather", "arguments": {"city": "Zürich"}}}


@pytest.mark.parametrize(
    "line", [said(tool_calls=[CALL]), written(tool_calls=[CALL])], ids=["chat", "generate"]
)
def test_a_tool_call_is_an_answer(line: dict[str, Any]) -> None:
    reading = read_lines(line, last())
    assert reading.outcome == Ok()
    assert reading.text is None
    sent = 'get_weather{"city": "Zürich"}'
    assert [(out.characters, out.answer) for out in reading.timeline.output] == [(len(sent), True)]
    # Nobody counted: the call is estimated as it was sent.
    assert reading.usage.output_tokens == -(-len(sent.encode()) // 4)


@pytest.mark.parametrize(
    "no_token",
    [
        pytest.param(said(), id="empty content"),
        pytest.param(said(images=None, tool_calls=[], thinking=""), id="empty everything"),
        pytest.param({"message": {"role": "assistant", "content": None}, "done": False}, id="null content"),
        pytest.param({"message": None, "done": False}, id="null message"),
        pytest.param({}, id="empty object"),
        pytest.param(b"\n", id="blank line"),
        pytest.param(b" \r\n", id="blanks"),
        pytest.param({"status": "pulling manifest"}, id="something else"),
        pytest.param({"error": ""}, id="an error that is none"),
    ],
)
def test_does_not_start_the_clock(no_token: Any) -> None:
    reading = read_lines(no_token, said("Paris"), last())
    assert reading.outcome == Ok()
    assert instants(reading) == [event_ms(2)]


def test_the_last_line_may_carry_text() -> None:
    reading = read_lines(written("fantastic"), last(written("!")))
    assert reading.text == "fantastic!"
    assert instants(reading) == [event_ms(1), event_ms(2)]


def test_a_line_has_arrived_with_its_last_byte() -> None:
    line = json.dumps(said("Paris")).encode()
    pieces = [
        (200, head(200, "application/x-ndjson")),
        (210, line[:20]),
        (230, line[20:]),
        (250, b"\n" + json.dumps(last()).encode() + b"\n"),
    ]
    assert instants(read(capture_of([(float(ms), data) for ms, data in pieces]))) == [230]


def test_lines_of_one_arrival_share_its_instant() -> None:
    both = b"".join(json.dumps(line).encode() + b"\n" for line in (said("Par"), said("is"), last()))
    reading = read_lines(both)
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1), event_ms(1)]
    assert reading.timeline.tps(2) is None


# Figures ---------------------------------------------------------------------------------------------------


def test_what_the_engine_clocked() -> None:
    assert read_lines(said("Paris"), last(**CLOCKED)).reported == Reported(
        source="response",
        load_seconds=0.002154458,
        prompt_seconds=0.383809,
        prompt_tokens=26,
        completion_seconds=4.799921,
        completion_tokens=298,
        total_seconds=5.191566416,
    )


def test_speeds_of_the_engine() -> None:
    reported = read_lines(said("Paris"), last(**CLOCKED)).reported
    assert reported is not None
    assert reported.completion_tokens_per_second == pytest.approx(62.08, abs=0.01)
    assert reported.prompt_tokens_per_second == pytest.approx(67.74, abs=0.01)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in CLOCKED.items() if name not in names}


def test_zeros_are_left_out() -> None:
    cached = without("load_duration", "prompt_eval_count", "prompt_eval_duration")
    reading = read_lines(said("Paris"), last(**cached))
    assert reading.reported is not None
    assert reading.reported.load_seconds == 0
    assert reading.reported.prompt_seconds == 0
    assert reading.reported.prompt_tokens == 0
    assert reading.reported.prompt_tokens_per_second is None
    assert reading.reported.completion_tokens == 298


def test_the_length_of_a_prompt_out_of_the_cache_is_an_estimate() -> None:
    reading = read_lines(said("Paris"), last(**without("prompt_eval_count", "prompt_eval_duration")))
    assert reading.usage == Usage(input_tokens=-(-len(PROMPT) // 4), output_tokens=298, source="estimate")


def test_who_clocks_only_the_whole_leaves_the_rest_unknown() -> None:
    """As ollama.com does; a duration of 0 beside twelve tokens would be a lie."""
    told: dict[str, Any] = {"total_duration": 251_583_458, "prompt_eval_count": 76, "eval_count": 12}
    reading = read_lines(said("Paris"), last(remote_host="https://ollama.com:443", **told))
    assert reading.usage == Usage(input_tokens=76, output_tokens=12)
    assert reading.reported == Reported(
        source="response",
        prompt_tokens=76,
        completion_tokens=12,
        total_seconds=0.251583458,
        upstream="https://ollama.com:443",
    )


def test_without_any_figure_nothing_is_reported() -> None:
    reading = read_lines(said("Paris"), last())
    assert reading.reported is None
    assert reading.usage.source == "estimate"


def test_counts_without_durations_are_usage() -> None:
    reading = read_lines(said("Paris"), last(prompt_eval_count=26, eval_count=2))
    assert reading.usage == Usage(input_tokens=26, output_tokens=2)
    assert reading.reported is None


@pytest.mark.parametrize("value", [-1, 2**63, 1e300, "soon", None, True, [], {}])
def test_figures_that_cannot_be_are_unknown(value: Any) -> None:
    figures: dict[str, Any] = dict.fromkeys(CLOCKED, value)
    reading = read_lines(said("Paris"), last(**figures))
    assert reading.outcome == Ok()
    assert reading.usage.source == "estimate"
    reported = reading.reported
    assert reported is None or reported == Reported(source="response")


@pytest.mark.parametrize("value", ["298", 298.0])
def test_counts_of_another_type(value: Any) -> None:
    reading = read_lines(said("Paris"), last(**{**CLOCKED, "eval_count": value}))
    assert reading.usage == Usage(input_tokens=26, output_tokens=298)


# Ends ------------------------------------------------------------------------------------------------------


def test_old_servers_give_no_reason() -> None:
    line = last()
    del line["done_reason"]
    reading = read_lines(said("Paris"), line)
    assert reading.outcome == Ok()
    assert reading.finish_reason == "unstated"


def test_cut_at_the_limit() -> None:
    reading = read_lines(said("Par"), last(done_reason="length", **CLOCKED))
    assert reading.outcome == Ok()
    assert reading.finish_reason == "length"


def test_the_limit_spent_on_thinking() -> None:
    reading = read_lines(said(thinking="hm"), last(done_reason="length"))
    assert kind(reading) == "budget_exhausted"


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_loading_a_model_is_no_answer(reason: str) -> None:
    reading = read(body_of({"model": "m", "response": "", "done": True, "done_reason": reason}))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.detail) == ("empty", f"no answer, finish_reason {reason}")
    assert reading.usage == Usage()


def test_a_stream_that_is_never_done() -> None:
    reading = read_lines(said("Paris"))
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "incomplete"
    assert (
        reading.outcome.detail == "the stream ended without a finish reason and without a line that is done"
    )
    assert reading.text == "Paris"


def test_torn_before_it_is_done() -> None:
    reading = read_lines(said("Par"), b'{"message":{"content":"i', failure=RESET)
    assert kind(reading) == "stream_broken"
    assert reading.text == "Par"


def test_torn_after_it_is_done() -> None:
    assert read_lines(said("Paris"), last(), failure=RESET).outcome == Ok()


def test_done_without_a_line_end() -> None:
    assert read_lines(said("Paris"), json.dumps(last()).encode()).outcome == Ok()


@pytest.mark.parametrize("late", [said("more"), last(), {}])
def test_a_line_after_the_last(late: dict[str, Any]) -> None:
    reading = read_lines(said("Paris"), last(), late)
    assert (kind(reading), reading.remarks) == ("ok", ("after_end_mark",))
    assert reading.text == "Paris"
    assert instants(reading) == [event_ms(1)]


# Errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("an error was encountered while running the model", "stream_error"),
        ("model runner has unexpectedly stopped, this may be due to resource limitations", "stream_error"),
        ({"message": "boom"}, "stream_error"),
        (["boom"], "stream_error"),
        (True, "stream_error"),
        ("you have reached your weekly usage limit: too many requests", "rate_limited"),
        ("model 'llama9' not found", "not_found"),
    ],
)
def test_an_error_ends_the_stream(error: Any, expected: str) -> None:
    reading = read_lines(said("Par"), {"error": error}, said("is"), last())
    assert kind(reading) == expected
    assert reading.text == "Par"
    assert instants(reading) == [event_ms(1)]


def test_an_error_after_the_last_line() -> None:
    assert kind(read_lines(said("Paris"), last(), {"error": "boom"})) == "stream_error"


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b'{"message":{"content":\n', id="cut JSON"),
        pytest.param(b"hello\n", id="no JSON"),
        pytest.param(b"[1]\n", id="no object"),
        pytest.param(b'{"message":{"content":"\xff\xfe"}}\n', id="invalid UTF-8"),
        pytest.param(b'{"a":' * 5000 + b"\n", id="nested without end"),
        pytest.param(b'data: {"message":{"content":"x"}}\n\n', id="an event of another framing"),
    ],
)
def test_garbage_keeps_what_came_before(garbage: bytes) -> None:
    reading = read_lines(said("Par"), garbage, said("is"), last())
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.kind == "malformed"
    assert reading.outcome.detail.startswith("event 2: ")
    assert reading.text == "Par"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"message": {"content": 7}}, id="a number for text"),
        pytest.param({"message": {"content": "7"}, "model": 3}, id="a number for a name"),
        pytest.param({"message": {"content": "7", "tool_calls": {}}}, id="an object for calls"),
        pytest.param({"message": {"content": "7", "tool_calls": [None, {"function": 1}]}}, id="odd calls"),
        pytest.param({"response": "7", "message": "hm"}, id="text for a message"),
        pytest.param({"response": "7", "done": "no"}, id="text for done"),
    ],
)
def test_values_of_another_type_cost_nothing(line: dict[str, Any]) -> None:
    reading = read_lines(line, last())
    assert reading.outcome == Ok()
    assert reading.text == "7"


def test_arguments_beside_a_value_of_another_type() -> None:
    call = {"function": {"name": "f", "arguments": {"city": "Zürich"}}}
    reading = read_lines(said(tool_calls=[call]) | {"model": 3}, last())
    assert [out.characters for out in reading.timeline.output] == [len('f{"city": "Zürich"}')]


# The prompt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        (REQUEST, len(PROMPT)),
        (b'{"model":"m","prompt":"\xc3\xbc","system":"Be brief."}', 11),
        (b'{"model":"m"}', 0),
        (b"{", None),
        (b'{"messages":7}', None),
        (b'{"prompt":"\xff"}', None),
    ],
)
def test_the_size_of_a_prompt(request_body: bytes, expected: int | None) -> None:
    assert OLLAMA_CHAT.dialect.prompt_bytes(request_body) == expected
