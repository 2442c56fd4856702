"""The event-stream splitter: the specification's rules, the traps, and a slow reader that must agree."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.providers.framing import StreamEvent, split_events


def data_of(body: bytes) -> list[bytes]:
    return [data for data, *_ in split_events(body)]


def names_of(body: bytes) -> list[bytes]:
    return [name for _, _, name, _ in split_events(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"data: a\n\ndata: b\n\n", [b"a", b"b"], id="lf"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", [b"a", b"b"], id="cr"),
        pytest.param(b"data: a\n\r\ndata: b\r\n\n", [b"a", b"b"], id="mixed line ends"),
        pytest.param(b"data:a\n\ndata:  b\n\n", [b"a", b" b"], id="no space, and only one space"),
        pytest.param(b": PROCESSING\n\ndata: a\n\n", [b"a"], id="comment as an event of its own"),
        pytest.param(b": ping\ndata: a\n: ping\n\n", [b"a"], id="comments inside an event"),
        pytest.param(b"data: a\ndata: b\n\n", [b"a\nb"], id="several data lines"),
        pytest.param(b"data\n\ndata:\n\n", [b"", b""], id="data without a value"),
        pytest.param(b"id: 7\nretry: 10\n\ndata: a\n\n", [b"a"], id="an event without data is none"),
        pytest.param(b"database: x\n\ndata: a\n\n", [b"a"], id="a field that only begins like data"),
        pytest.param(b"\n\n\ndata: a\n\n\n\n", [b"a"], id="blank lines to spare"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [b"a"], id="byte order mark"),
        pytest.param(b"data: a\n\ndata: b\n", [b"a", b"b"], id="no last blank line"),
        pytest.param(b"data: a\n\ndata: b", [b"a", b"b"], id="no last line end"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r", [b"a", b"b"], id="torn inside the last line end"),
    ],
)
def test_splits(body: bytes, expected: list[bytes]) -> None:
    assert data_of(body) == expected


@pytest.mark.parametrize(
    "piece", [b"data: {}\r\r", b":\n", b"\r\n", b"\r", b"event: a\n\n", b"id:\r", b"data: {}\n\n"]
)
def test_a_stream_of_nothing_takes_a_time_in_proportion(piece: bytes) -> None:
    """Split in the square of its size it would take hours."""
    count = 16 * 1024 * 1024 // len(piece)
    events = sum(1 for _ in split_events(piece * count))
    assert events == (count if piece.startswith(b"data") else 0)


def test_an_event_keeps_its_name_and_the_next_one_does_not_inherit_it() -> None:
    assert names_of(b"event: error\ndata: a\n\ndata: b\n\n") == [b"error", b""]


def test_a_name_without_data_is_forgotten() -> None:
    assert names_of(b"event: ping\n\ndata: b\n\n") == [b""]


def test_the_end_is_behind_the_last_byte_of_the_data_line() -> None:
    body = b": hm\n\nevent: x\ndata: abc\nid: 1\n\ndata: d\ndata: ef\n\ndata: g"
    assert [body[:end] for _, end, _, _ in split_events(body)] == [
        b": hm\n\nevent: x\ndata: abc",
        b": hm\n\nevent: x\ndata: abc\nid: 1\n\ndata: d\ndata: ef",
        body,
    ]


def test_only_an_event_without_its_blank_line_is_unterminated() -> None:
    assert [terminated for *_, terminated in split_events(b"data: a\n\ndata: b\n\n")] == [True, True]
    assert [terminated for *_, terminated in split_events(b"data: a\n\ndata: b\n")] == [True, False]


def slow_split(body: bytes) -> list[StreamEvent]:
    """The specification word by word, a line at a time."""
    events: list[StreamEvent] = []
    data: list[bytes] = []
    name, end = b"", 0
    at = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    for match in re.finditer(rb"([^\r\n]*)(\r\n|\r|\n)|([^\r\n]+)\Z", body[at:]):
        line = match[3] if match[1] is None else match[1]
        if not line:
            if data:
                events.append((b"\n".join(data), end, name, True))
            data, name = [], b""
        elif line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
            end = at + match.start() + len(line)
        elif line == b"data":
            data.append(b"")
            end = at + match.start() + len(line)
        elif line.startswith(b"event:"):
            name = line[7:] if line[6:7] == b" " else line[6:]
        elif line == b"event":
            name = b""
    if data:
        events.append((b"\n".join(data), end, name, False))
    return events


PIECES = st.sampled_from(
    [
        b"data: x",
        b"data:y",
        b"data",
        b"event: error",
        b"event",
        b": c",
        b"id: 1",
        b"\n",
        b"\r\n",
        b"\r",
        b"\xff",
        b" ",
    ]
)


@given(st.lists(PIECES, max_size=30).map(b"".join))
def test_agrees_with_the_specification(body: bytes) -> None:
    assert list(split_events(body)) == slow_split(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_split(body: bytes) -> None:
    ends = [end for _, end, _, _ in split_events(body)]
    assert ends == sorted(ends)
    assert all(0 < end <= len(body) for end in ends)
