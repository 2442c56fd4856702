"""Tables, figures, and the timeline of one attempt."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.cli.output.attempt import attempt_lines
from probe.cli.output.format import outcome_cell, outcome_text, text_bars, token_counts
from probe.cli.output.table import (
    Cell,
    print_error,
    print_json,
    print_line,
    print_note,
    print_table,
    print_traceback,
    terminal_safe,
)
from probe.facts.sample import Cost, Failed, Ok, Usage
from probe.facts.timeline import OutputChunk, Timeline
from probe.lib.clock import NS_PER_MS, ClockPair
from probe.providers.openai_chat.chat import read_completion
from probe.providers.protocol import Reading
from probe.reports.format import duration
from probe.wire.capture import Capture

START = ClockPair(monotonic_ns=0, wall_ns=1_800_000_000_000_000_000)


def ms(value: float) -> int:
    return round(value * NS_PER_MS)


def a_capture(**changes: Any) -> Capture:
    capture = Capture(
        method="POST",
        url="https://api.example.com/v1/chat/completions?secret=1",
        request_headers=(),
        request_body=b"{}",
        clock_start=START,
        clock_end=START,
        started_ns=0,
        end_ns=ms(1000),
        peer_address="192.0.2.1:443",
        tls_version="TLSv1.3",
        http_version="HTTP/1.1",
        stamps="kernel",
        loop_lag_ns=ms(0.2),
    )
    return replace(capture, **changes)


TIMELINE = Timeline(
    started_ns=0,
    dns_ns=ms(2),
    connected_ns=ms(14),
    tls_ns=ms(40),
    send_ns=ms(40),
    sent_ns=ms(40.1),
    first_byte_ns=ms(300),
    output=tuple(OutputChunk(ms(350 + 10 * index), 4, True) for index in range(61)),
    end_ns=ms(1000),
)
READING = Reading(
    timeline=TIMELINE,
    outcome=Ok(),
    status_code=200,
    usage=Usage(input_tokens=1500, output_tokens=61, cached_input_tokens=0, reasoning_tokens=0),
    text="An answer\x1b[2J with a trick\nand a second line",
    finish_reason="stop",
    served_model="gpt-4o-mini",
    provider_request_id="req-1",
)
COST = Cost(
    total_usd=Decimal("0.000123"),
    input_price_per_million_usd=Decimal(1),
    output_price_per_million_usd=Decimal(1),
    price_source="configuration",
)


def test_the_timeline_of_a_success() -> None:
    assert list(attempt_lines(a_capture(), READING, COST)) == [
        "outcome      ok",
        "request      POST https://api.example.com/v1/chat/completions",
        "peer         192.0.2.1:443, TLSv1.3, HTTP/1.1, new connection",
        "response     status 200, finish reason stop, model gpt-4o-mini",
        "their id     req-1",
        "stamped by   the kernel; our own lag 0.200 ms",
        "",
        "                     at       took",
        "dns             2.00 ms    2.00 ms  ▏",
        "connect         14.0 ms    12.0 ms  ▏",
        "tls             40.0 ms    26.0 ms  █",
        "send            40.1 ms   0.100 ms   ▏",
        "first byte       300 ms     260 ms   ███████",
        "first token      350 ms    50.0 ms          ██",
        "last token       950 ms     600 ms            █████████████████",
        "end            1,000 ms    50.0 ms                             █",
        "",
        "tokens       1,500 in, 61 out, 0 cached, 0 reasoning (counted by the provider)",
        "speed        100 tokens/s, steady 100 tokens/s",
        "cost         $0.000123 (configuration)",
        "first tokens 350 ms, +10.0 ms, +10.0 ms, +10.0 ms, +10.0 ms, +10.0 ms",
        "gaps         60: shortest 10.0 ms, median 10.0 ms, p95 10.0 ms, longest 10.0 ms",
        "in order     " + "█" * 60,
        "",
        "answer:",
        "An answer\ufffd[2J with a trick\nand a second line",
    ]


def test_what_was_not_reached_is_not_there_and_never_0() -> None:
    timeline = Timeline(started_ns=0, dns_ns=ms(2), end_ns=ms(10_000))
    failure = Failed(kind="timeout_connect", fault="network", detail="no answer\nfor 10 s")
    lines = list(attempt_lines(a_capture(peer_address=None), Reading(timeline=timeline, outcome=failure)))
    assert lines[0] == "outcome      timeout_connect (network): no answer for 10 s"
    assert "response     status –, finish reason –, model –" in lines
    assert [line.split()[0] for line in lines[lines.index("") + 2 :] if line][:3] == ["dns", "end", "tokens"]
    assert "tokens       – in, – out" in lines
    assert "speed        – tokens/s, steady – tokens/s" in lines
    assert not any("gaps" in line or "cost" in line or "answer:" in line for line in lines)


def test_an_answer_in_one_body_has_no_first_token() -> None:
    timeline = replace(TIMELINE, streamed=False, output=(OutputChunk(ms(900), 40, True),))
    lines = list(attempt_lines(a_capture(), replace(READING, timeline=timeline)))
    assert any(line.startswith("whole body") for line in lines)
    assert not any(line.startswith(("first token", "gaps")) for line in lines)


def test_reasoning_is_told_from_the_answer() -> None:
    output = tuple(OutputChunk(ms(350 + 10 * index), 4, index >= 5) for index in range(10))
    reading = replace(READING, timeline=replace(TIMELINE, output=output), reasoning_text="hm")
    lines = list(attempt_lines(a_capture(), reading))
    assert any(line.startswith("first answer     400 ms") for line in lines)
    assert lines[lines.index("reasoning:") + 1] == "hm"


def test_a_clock_that_was_set_is_said() -> None:
    stepped = ClockPair(monotonic_ns=ms(1000), wall_ns=START.wall_ns + ms(5000))
    lines = list(attempt_lines(a_capture(clock_end=stepped), READING))
    assert any(line.startswith("the wall clock was set during this attempt") for line in lines)


@given(st.binary(max_size=300))
def test_any_capture_can_be_described(received: bytes) -> None:
    capture = a_capture(received=received)
    assert list(attempt_lines(capture, read_completion(capture)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 ms"),
        (0.00042, "0.420 ms"),
        (0.00831, "8.31 ms"),
        (0.1835, "184 ms"),
        (12.34, "12.3 s"),
    ],
)
def test_durations_have_sensible_digits(seconds: float | None, text: str) -> None:
    assert terminal_safe(duration(seconds)) == text


def test_tokens_say_where_they_come_from() -> None:
    assert token_counts(Usage()) == "–"
    assert token_counts(Usage(input_tokens=1500, output_tokens=None)) == "1,500 + –"
    assert token_counts(Usage(input_tokens=5, output_tokens=0, source="estimate")) == "~5 + 0"


def test_an_outcome_is_short_in_tables_and_whole_in_lines() -> None:
    failure = Failed(kind="auth", fault="account", detail="no\x07 key")
    assert outcome_cell(failure) == Cell("auth", "red")
    assert outcome_text(failure) == "auth (account): no\ufffd key"
    assert (outcome_cell(Ok()).text, outcome_text(Ok())) == ("ok", "ok")


@given(st.lists(st.floats(0, 1e6), max_size=300), st.integers(1, 80))
def test_a_sparkline_is_as_wide_as_it_may_be(values: list[float], width: int) -> None:
    drawn = text_bars(values, width)
    assert len(drawn) == min(len(values), width)
    assert set(drawn) <= set("▁▂▃▄▅▆▇█")
    if any(values):
        assert "█" in drawn


def test_a_sparkline_keeps_the_peaks() -> None:
    assert text_bars([1, 1, 8, 1, 1, 1], 3) == "▂█▂"
    assert text_bars([0, 0]) == "▁▁"


COLUMNS = ("target", ">ms", "outcome")
ROWS: list[list[Cell | str]] = [
    ["groq/\x1b[31mx", "1", Cell("ok", "green")],
    ["a/very/long/name", "1,234", Cell("auth", "red")],
]


def test_a_table_in_a_pipe_is_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "target               ms  outcome",
        "groq/\ufffd[31mx           1  ok",
        "a/very/long/name  1,234  auth",
    ]


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [])
    assert capsys.readouterr().out == "target  ms  outcome\n"


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text: str) -> None:
    assert not {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n"} & set(terminal_safe(text))


STEERING = "a\x9b31mb\u202ec\u2066d\x1be"


def test_no_output_carries_what_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for show in (print_line, print_note, print_error, print_traceback, print_json):
        show(STEERING)
    print_table(COLUMNS, [[STEERING, STEERING, STEERING]])
    shown = "".join(capsys.readouterr())
    assert not set("\x9b\u202e\u2066\x1b") & set(shown)
    assert r'"a\u009b31mb\u202ec\u2066d\u001be"' in shown


def test_what_is_logged_goes_through_the_progress_bar() -> None:
    script = (
        "import io, sys, structlog\n"
        "from probe.cli.session import quiet_logs\n"
        "from probe.config import Config\n"
        "quiet_logs(Config())\n"
        "bar = sys.stderr = io.StringIO()\n"
        "structlog.get_logger('probe.x').info('not worth it')\n"
        "structlog.get_logger('probe.x').warning('above the bar')\n"
        "print(bar.getvalue())"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["event"] == "above the bar"
    assert ended.stderr == ""
