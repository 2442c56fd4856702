"""The plan of an answer, without a socket: what is written when."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise
from random import Random

import pytest

from probe.simulator.apis.openai_chat import CHAT_COMPLETIONS
from probe.simulator.behaviour import Behaviour, from_query
from probe.simulator.plan import ResponsePlan, Write
from probe.simulator.request import Ask
from probe.simulator.response import plan_response

ASK = Ask(id="chatcmpl-1", created_seconds=1, model="sim", stream=True, prompt_tokens=9)


def planned(query: str, ask: Ask = ASK, seed: int = 0) -> ResponsePlan:
    return plan_response(CHAT_COMPLETIONS, from_query(Behaviour(first="none"), query), ask, Random(seed))


def output(query: str, ask: Ask = ASK) -> list[tuple[float, int]]:
    """Planned milliseconds and tokens of every write that completes tokens."""
    return [(step.at_ns / 1e6, step.tokens) for step in planned(query, ask).writes if step.tokens]


def instants(query: str, ask: Ask = ASK) -> list[float]:
    """Planned milliseconds of every step."""
    return [step.at_ns / 1e6 for step in planned(query, ask).writes]


WHOLE = replace(ASK, stream=False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ttft_ms=50&gap_ms=10&tokens=3", [(50, 1), (60, 1), (70, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=5&tokens_per_chunk=2", [(50, 2), (60, 2), (70, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=5&merge=3", [(50, 3), (60, 2)]),
        ("ttft_ms=50&gap_ms=10&tokens=7&tokens_per_chunk=2&merge=2", [(50, 4), (60, 3)]),
        ("ttft_ms=50&gap_ms=10&tokens=2&reasoning_tokens=1", [(50, 1), (60, 1), (70, 1)]),
        ("ttft_ms=5&head_ms=40&gap_ms=10&tokens=2", [(40, 1), (50, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=2&split=4&split_gap_ms=2", [(50, 1), (60, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=2&fault=stall_first&stall_ms=500", [(550, 1), (560, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=2&fault=slow_head&stall_ms=500", [(500, 1), (510, 1)]),
        (
            "ttft_ms=50&gap_ms=10&tokens=4&fault=stall_stream&stall_ms=500",
            [(50, 1), (60, 1), (570, 1), (580, 1)],
        ),
        ("ttft_ms=50&gap_ms=10&tokens=3&fault=reset&fault_after=1", [(50, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=3&fault=close&fault_after=9", [(50, 1), (60, 1), (70, 1)]),
        ("ttft_ms=50&gap_ms=10&tokens=3&fault=truncated&fault_after=0", []),
        ("ttft_ms=50&gap_ms=10&tokens=2&slow_share=1&slow_factor=3", [(150, 1), (180, 1)]),
        ("tokens=0", []),
    ],
)
def test_when_tokens_are_written(query: str, expected: list[tuple[float, int]]) -> None:
    assert output(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ttft_ms=50&gap_ms=10&tokens=2", [0, 50, 60, 60]),
        ("ttft_ms=50&gap_ms=10&tokens=2&end_ms=30", [0, 50, 60, 90]),
        ("ttft_ms=50&gap_ms=10&tokens=2&first=role", [0, 0, 50, 60, 60]),
        ("ttft_ms=40&gap_ms=10&tokens=1&comments=3", [0, 10, 20, 30, 40, 40]),
        ("ttft_ms=40&gap_ms=10&tokens=3&comment_every=1", [0, 40, 45, 50, 55, 60, 60]),
        ("ttft_ms=50&gap_ms=10&tokens=1&split=3&split_gap_ms=2", [0, 46, 48, 50, 50]),
        ("ttft_ms=50&tokens=1&head_ms=20", [20, 50, 50]),
        ("ttft_ms=50&tokens=0", [0, 50]),
        ("ttft_ms=50&tokens=0&fault=reset", [0, 50]),
        ("ttft_ms=50&tokens=1&fault=stall_stream&fault_after=1&stall_ms=100", [0, 50, 150, 150]),
        ("head_ms=5&fault=http_503", [5]),
        ("head_ms=5&fault=reset_head", [5]),
        ("head_ms=5&fault=garbage", [5, 5]),
    ],
)
def test_every_write_has_its_instant(query: str, expected: list[float]) -> None:
    assert instants(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ttft_ms=50&gap_ms=10&tokens=3", [70]),
        ("ttft_ms=50&gap_ms=10&tokens=4&tokens_per_chunk=2", [60]),
        ("head_ms=80&ttft_ms=50&tokens=1", [80]),
        ("ttft_ms=50&tokens=0", [50]),
        ("ttft_ms=50&tokens=1&fault=stall_stream&stall_ms=500", [50, 550]),
        ("ttft_ms=50&tokens=1&fault=slow_head&stall_ms=500", [500]),
    ],
)
def test_a_whole_answer_comes_when_the_last_token_would(query: str, expected: list[float]) -> None:
    assert instants(query, WHOLE) == expected


def test_reasoning_is_output_but_no_answer() -> None:
    writes = [step for step in planned("tokens=2&reasoning_tokens=3&merge=4").writes if step.tokens]
    assert [(step.tokens, step.answer_tokens) for step in writes] == [(4, 1), (1, 1)]


def test_spreads_stay_within_their_bounds_and_follow_the_seed() -> None:
    query = "ttft_ms=100&ttft_spread_ms=40&gap_ms=10&gap_spread_ms=20&tokens=200"

    def drawn(seed: int) -> list[int]:
        return [step.at_ns for step in planned(query, seed=seed).writes]

    assert drawn(1) == drawn(1) != drawn(2)
    first = [drawn(seed)[1] for seed in range(300)]
    assert 60e6 <= min(first) < 70e6
    assert 130e6 < max(first) <= 140e6
    written = [step.at_ns for step in planned(query).writes if step.tokens]
    gaps = [after - before for before, after in pairwise(written)]
    assert min(gaps) == 0
    assert 25e6 < max(gaps) <= 30e6


def test_shares_strike_their_share() -> None:
    struck = [planned("fault=http_503&fault_share=0.25", seed=seed).status == 503 for seed in range(400)]
    assert 60 < sum(struck) < 140
    slow = [
        next(islice(planned("ttft_ms=10&slow_share=0.25", seed=seed).writes, 1, None)).at_ns == 40e6
        for seed in range(400)
    ]
    assert 60 < sum(slow) < 140


def test_an_endless_stream_is_made_as_it_is_asked_for() -> None:
    writes = list(islice(planned("ttft_ms=1&gap_ms=1&tokens=2&fault=endless").writes, 1000))
    assert [step.at_ns for step in writes[1:]] == [1_000_000 * number for number in range(1, 1000)]


@pytest.mark.parametrize(
    ("query", "ask", "keep_alive"),
    [
        ("tokens=1", ASK, True),
        ("tokens=1", WHOLE, True),
        ("tokens=1&keep_alive=false", ASK, False),
        ("tokens=1&keep_alive=false", WHOLE, False),
        ("tokens=1", replace(ASK, keep_alive=False), False),
        ("tokens=1&framing=close", ASK, False),
        ("tokens=1&framing=close", WHOLE, True),
        ("tokens=1", replace(ASK, http_1_0=True), False),
        ("fault=http_500", ASK, True),
        ("fault=http_500&keep_alive=false", ASK, False),
    ],
)
def test_the_head_promises_what_the_connection_keeps(query: str, ask: Ask, keep_alive: bool) -> None:
    made = planned(query, ask)
    head = next(made.writes).data.partition(b"\r\n\r\n")[0]
    assert made.keep_alive == keep_alive
    assert head.endswith(b"connection: keep-alive" if keep_alive else b"connection: close")


def test_false_keep_alive_breaks_its_promise() -> None:
    made = planned("tokens=1&fault=false_keep_alive")
    assert next(made.writes).data.endswith(b"connection: keep-alive\r\n\r\n")
    assert not made.keep_alive


def test_a_cut_ends_the_plan() -> None:
    assert list(planned("tokens=4&ttft_ms=10&gap_ms=1&fault=reset").writes)[-1] == Write(
        12_000_000, b"", cut="reset"
    )
    assert list(planned("tokens=4&ttft_ms=10&gap_ms=1&fault=close").writes)[-1] == Write(
        12_000_000, b"", cut="close"
    )
