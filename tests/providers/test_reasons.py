"""Every row of the tables by which a refusal is understood, and refusals as they were reported."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from probe.facts.sample import FAULTS, Failed, Ok
from probe.providers.answer import Answer
from probe.providers.error_object import error_object, read_error, stray_error
from probe.providers.error_words import ERROR_WORDS
from probe.providers.failures import status_failed
from probe.providers.finish import FINISH_REASONS, FinishReason, ending_of, outcome_of
from probe.providers.openai_chat.chat import read_completion
from probe.providers.reasons import ERROR_NAMES, STATUSES, ErrorName, kind_of_error
from tests.providers.reported_errors import REPORTED, ReportedError
from tests.wires.compose import capture_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_KINDS = {
    "done": "ok",
    "unstated": "ok",
    "limit": "ok",
    "filtered": "content_filter",
    "failed": "stream_error",
    "unfinished": "incomplete",
}


def test_the_tables_are_long_enough_and_each_row_has_a_source() -> None:
    tables = (FINISH_REASONS, ERROR_NAMES, ERROR_WORDS, REPORTED)
    sources = [row.source for table in tables for row in table]
    assert len(sources) + len(STATUSES) >= 250
    assert all(source.startswith("https://") for source in sources)
    assert [word for word, count in Counter(row.word for row in FINISH_REASONS).items() if count > 1] == []


@pytest.mark.parametrize("row", FINISH_REASONS, ids=lambda row: row.word)
def test_a_finish_reason(row: FinishReason) -> None:
    """In the spelling of any provider, beside an answer."""
    for word in (row.word, row.word.upper(), row.word.replace("_", "-"), f"FINISH_REASON_{row.word.upper()}"):
        answer = Answer()
        answer.take_text("Paris", 1)
        answer.finish_reason = word
        outcome = outcome_of(answer)
        assert (outcome.kind if isinstance(outcome, Failed) else "ok") == _KINDS[row.ending]
        assert isinstance(outcome, Ok) or word in outcome.detail


@pytest.mark.parametrize("word", ["vanished", "unknown", "stopp", "😀", "x" * 500])
def test_a_finish_reason_that_nobody_knows(word: str) -> None:
    answer = Answer()
    answer.take_text("Paris", 1)
    answer.finish_reason = word
    outcome = outcome_of(answer)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.fault) == ("unknown_finish", "provider")
    assert word[:100] in outcome.detail
    assert ending_of(word) is None


@pytest.mark.parametrize("row", ERROR_NAMES, ids=lambda row: row.name)
def test_a_name(row: ErrorName) -> None:
    """As code, as type and as a reason in the details; whatever the words around it."""
    status = next(iter(row.statuses), 400)
    for error in (
        {"code": row.name, "message": "m"},
        {"type": row.name.upper(), "message": "m"},
        {"message": "m", "details": [{"reason": row.name}]},
    ):
        failure = status_failed(status, {}, json.dumps({"error": error}).encode(), NOW)
        kinds = {other.kind for other in ERROR_NAMES if other.name == row.name and status in other.statuses}
        assert failure.kind in (kinds or {row.kind})
        assert failure.fault == FAULTS[failure.kind]


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: f"{case.kind} {case.status}")
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
def test_a_reported_error(case: ReportedError, packed: bool) -> None:
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body, ensure_ascii=False).encode()
    coding = ["", "content-encoding: gzip\r\n"][packed]
    sent = gzip.compress(body) if packed else body
    head = f"HTTP/1.1 {case.status} X\r\n{coding}content-length: {len(sent)}\r\n\r\n".encode()
    outcome = read_completion(capture_of([(100, head + sent)])).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.fault) == (case.kind, FAULTS[case.kind])
    said = read_error(body).message.split()
    assert not said or said[0] in outcome.detail


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: f"{case.kind} {case.status}")
def test_the_words_reach_a_person_in_any_shape(case: ReportedError) -> None:
    message = read_error(
        case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    ).message
    if not message:
        return
    for shape in (
        {"error": message},
        {"error": {"error": {"message": message}}},
        {"errors": [{"message": message}]},
        {"detail": message},
        {"error_message": message, "error_type": "x"},
        {"error": {"message": json.dumps({"error": {"message": message}})}},
        {"base_resp": {"status_code": 1, "status_msg": message}},
        {"fault": {"faultstring": message}},
        [{"error": {"message": message}}],
    ):
        assert error_object(shape).message == message


@pytest.mark.parametrize(
    "line",
    [
        'error: {"code": 429, "message": "slow down please"}',
        'error:{"error": {"code": 429, "message": "slow down please"}}',
        '{"error": {"code": 429, "message": "slow down please"}}',
        '{\n"error": {\n"code": 429,\n"message": "slow down please"}\n}',
        '{"code": 429, "message": "slow down please"}',
        '{"detail": "slow down please", "status": 429}',
        'data: {"choices": [{"error": {"code": 429, "message": "slow down please"}}]}',
        'data: {"choices":[{"finish_reason":"error","error":{"code":429,"message":"slow down please"}}]}',
        'data: {"choices": null, "error_type": "x", "error_message": "slow down please", "status": 429}',
        ':HTTP_STATUS/429\ndata: {"error": {"message": "slow down please"}}',
        'event:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling","message":"slow down please"}',
        'data: {"error_code": 429, "error_msg": "slow down please"}',
    ],
)
@pytest.mark.parametrize("after", ["", "\n\ndata: [DONE]\n\n"])
def test_an_error_in_a_stream_in_any_shape(line: str, after: str) -> None:
    text = f'data: {{"choices":[{{"delta":{{"content":"Par"}}}}]}}\n\n{line}\n\n{after}'
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    reading = read_completion(capture_of([(100, (head + text).encode())]))
    assert isinstance(reading.outcome, Failed)
    assert "slow down please" in reading.outcome.detail
    assert reading.outcome.kind == "rate_limited"
    assert reading.text == "Par"


def test_a_status_in_a_comment_is_all_there_is() -> None:
    found = stray_error(b"id:1\n:HTTP_STATUS/503\n\n")
    assert found is not None
    assert (found.status, kind_of_error(found, found.status)) == (503, "overloaded")


def test_the_patterns_take_no_time() -> None:
    for row in ERROR_WORDS:
        assert isinstance(row.pattern, re.Pattern)
        for text in ("a " * 1000, "limit " * 400, "account key " * 200, "的" * 2000):
            row.pattern.search(text[:2000])
