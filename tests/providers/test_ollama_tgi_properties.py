"""What must hold for any JSON in Ollama's and TGI's framings."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.facts.sample import Reported
from probe.providers.protocol import Reading
from tests.providers import ollama_answers, tgi_answers
from tests.providers.ollama_answers import read_lines
from tests.providers.tgi_answers import read_events
from tests.wires.compose import body_of

Read = Callable[..., Reading]

OLLAMA_KEYS = (
    "model",
    "remote_host",
    "message",
    "content",
    "response",
    "thinking",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "done",
    "done_reason",
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
    "error",
)
TGI_KEYS = (
    "token",
    "text",
    "special",
    "generated_text",
    "details",
    "finish_reason",
    "generated_tokens",
    "input_length",
    "error",
    "error_type",
)


def objects(keys: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(keys)
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(names, values, max_size=6)


BOTH = pytest.mark.parametrize(
    ("keys", "read", "read_stream"),
    [(OLLAMA_KEYS, ollama_answers.read, read_lines), (TGI_KEYS, tgi_answers.read, read_events)],
    ids=["ollama", "tgi"],
)


@BOTH
@given(data=st.data())
def test_any_json_in_a_stream_is_read(
    keys: Sequence[str], read: Read, read_stream: Read, data: st.DataObject
) -> None:
    events = data.draw(st.lists(objects(keys), max_size=4))
    check(read_stream(*events))


@BOTH
@given(data=st.data())
def test_any_json_body_is_read(
    keys: Sequence[str], read: Read, read_stream: Read, data: st.DataObject
) -> None:
    status = data.draw(st.sampled_from([200, 400, 404, 429, 500]))
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(list(tgi_answers.HEADERS)), st.text("0123456789.-e", max_size=8), max_size=4
        )
    )
    body = json.dumps(data.draw(objects(keys))).encode()
    check(read(body_of(body, status, headers=headers)))


@given(words=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)))
def test_the_text_is_all_that_was_said(words: list[str]) -> None:
    said = "".join(words) or None
    lines = read_lines(*map(ollama_answers.said, words), ollama_answers.last())
    events = read_events(*map(tgi_answers.token, words), tgi_answers.end("".join(words)))
    for reading in (lines, events):
        assert reading.text == said
        assert sum(out.characters for out in reading.timeline.output) == len(said or "")


def check(reading: Reading) -> None:
    """Everything can be kept: text is UTF-8 without NUL, figures are sound."""
    texts = (
        reading.text,
        reading.reasoning_text,
        reading.finish_reason,
        reading.served_model,
        getattr(reading.outcome, "detail", None),
        reading.reported.upstream if reading.reported is not None else None,
    )
    assert all(text is None or b"\x00" not in text.encode("utf-8") for text in texts)
    for count in (reading.usage.input_tokens, reading.usage.output_tokens):
        assert count is None or 0 <= count < 2**31
    if reading.reported is not None:
        check_figures(reading.reported)


def check_figures(reported: Reported) -> None:
    for count in (reported.prompt_tokens, reported.completion_tokens):
        assert count is None or 0 <= count < 2**31
    for seconds in (
        reported.load_seconds,
        reported.queue_seconds,
        reported.prompt_seconds,
        reported.completion_seconds,
        reported.itl_seconds,
        reported.total_seconds,
    ):
        assert seconds is None or 0 <= seconds < 1e13
