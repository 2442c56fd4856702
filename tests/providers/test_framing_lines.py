"""The splitter of NDJSON: lines and where they end, for any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.providers.framing import split_lines


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}'], id="lf"),
        pytest.param(b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}'], id="crlf"),
        pytest.param(b"\n\n{}\n \r\n\t\n{}\n\n", [b"{}", b"{}"], id="blank lines"),
        pytest.param(b"{}\n{", [b"{}", b"{"], id="torn in a line"),
        pytest.param(b"{}\n{}", [b"{}", b"{}"], id="no last line end"),
        pytest.param(b"\xef\xbb\xbf{}\n", [b"{}"], id="byte order mark"),
        pytest.param(b" {}\n", [b" {}"], id="space before is part of the line"),
        pytest.param(b'{"a":"\\n"}\n', [b'{"a":"\\n"}'], id="an escaped line feed ends nothing"),
    ],
)
def test_splits(body: bytes, lines: list[bytes]) -> None:
    assert [data for data, *_ in split_lines(body)] == lines


def test_the_end_is_behind_the_last_byte_of_the_line() -> None:
    body = b"{1}\r\n\n{22}\n{3"
    assert [body[:end] for _, end, _, _ in split_lines(body)] == [b"{1}", b"{1}\r\n\n{22}", body]


def test_only_a_line_without_its_end_is_unterminated() -> None:
    assert [terminated for *_, terminated in split_lines(b"{}\n{}\n")] == [True, True]
    assert [terminated for *_, terminated in split_lines(b"{}\n{}")] == [True, False]


@given(st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b"\r", b" ", b"\xff", b"\x00", b"{"]), max_size=30))
def test_any_bytes_are_split_at_line_feeds_and_nowhere_else(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    found = list(split_lines(body))
    expected = [line.rstrip(b" \t\r") for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    lines = [data for data, *_ in found]
    assert lines == [line for line in expected if line]
    assert [body[end - len(data) : end] for data, end, *_ in found] == lines
