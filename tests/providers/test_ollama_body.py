"""Answers of Ollama in one body, and streams that look like one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from probe.facts.sample import Ok, Usage
from tests.providers.ollama_answers import CLOCKED, last, lines_of, read, read_lines, said, written
from tests.providers.readings import kind
from tests.wires.compose import body_of


@pytest.mark.parametrize(
    "body", [last(said("Paris"), **CLOCKED), last(written("Paris"), **CLOCKED)], ids=["chat", "generate"]
)
def test_a_body(body: dict[str, Any]) -> None:
    reading = read(body_of(body, content_type="application/json; charset=utf-8"))
    assert reading.outcome == Ok()
    assert reading.text == "Paris"
    assert reading.usage == Usage(input_tokens=26, output_tokens=298)
    assert reading.reported is not None
    assert reading.reported.total_seconds == pytest.approx(5.191566416)
    assert not reading.timeline.streamed
    assert reading.timeline.ttft_seconds is None
    assert reading.timeline.total_latency_seconds == pytest.approx(0.220)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"error": "boom"}, "stream_error", id="an error of status 200"),
        pytest.param({"models": []}, "malformed", id="another answer"),
        pytest.param(said("Par"), "incomplete", id="not done"),
        pytest.param(last(said()), "empty", id="nothing said"),
        pytest.param(b"<html><title>Welcome</title></html>", "malformed", id="a page"),
    ],
)
def test_bodies_that_are_no_answer(body: Any, expected: str) -> None:
    assert kind(read(body_of(body))) == expected


def test_a_body_over_several_lines() -> None:
    body = json.dumps(last(said("Paris"), **CLOCKED), indent=2).encode()
    reading = read(body_of(body))
    assert reading.outcome == Ok()
    assert not reading.timeline.streamed


def test_a_stream_of_one_line() -> None:
    assert read_lines(last(said("Paris"))).timeline.streamed


def test_a_stream_behind_a_gateway_that_loses_its_type() -> None:
    reading = read(lines_of(said("Par"), said("is"), last(), content_type="application/json"))
    assert reading.outcome == Ok()
    assert reading.timeline.streamed
