from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.simulator.framing import chunk, cut, head


@given(st.binary(min_size=1, max_size=400), st.integers(1, 16))
def test_cuts_lose_nothing(data: bytes, pieces: int) -> None:
    parts = cut(data, pieces)
    assert b"".join(parts) == data
    assert all(parts)
    assert 1 <= len(parts) <= pieces


def test_cuts_are_even() -> None:
    assert cut(b"abcdefgh", 4) == [b"ab", b"cd", b"ef", b"gh"]


def test_a_cut_goes_through_a_character() -> None:
    data = 'data: {"content":" café"}\n\n'.encode()
    first, second = cut(data, 2)
    assert first.endswith(b"caf\xc3")
    assert second.startswith(b"\xa9")


def test_chunks() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert chunk(b"") == b""


def test_a_head_says_how_its_body_ends() -> None:
    assert b"transfer-encoding: chunked\r\n" in head(200, "a/b", (), keep_alive=True, chunked=True)
    assert b"content-length: 7\r\nconnection: keep-alive\r\n\r\n" in head(
        200, "a/b", (), keep_alive=True, length=7
    )
    until_closed = head(599, "a/b", [("x", "y")], keep_alive=False)
    assert until_closed == b"HTTP/1.1 599 Unknown\r\ncontent-type: a/b\r\nx: y\r\nconnection: close\r\n\r\n"
