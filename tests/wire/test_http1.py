"""Responses read out of captures: every framing, and any bytes at all."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lib.clock import ClockPair
from probe.wire.capture import Arrival, Capture, WireFailure
from probe.wire.http1 import LARGEST_HEAD_BYTES, MOST_HEADERS, HttpResponse, ResponseReader, read_response

_PAIR = ClockPair(monotonic_ns=0, wall_ns=0)
_END_NS = 1_000_000
_BROKEN = WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")


def captured(*pieces: bytes, method: str = "POST", failure: WireFailure | None = None) -> Capture:
    """A capture whose pieces arrived at 10, 20, 30 …"""
    return Capture(
        method=method,
        url="http://127.0.0.1/",
        request_headers=(),
        request_body=b"",
        clock_start=_PAIR,
        clock_end=_PAIR,
        started_ns=0,
        end_ns=_END_NS,
        received=b"".join(pieces),
        arrivals=tuple(Arrival(10 * (n + 1), len(piece)) for n, piece in enumerate(pieces)),
        failure=failure,
    )


def read(*pieces: bytes, method: str = "POST", failure: WireFailure | None = None) -> HttpResponse:
    return read_response(captured(*pieces, method=method, failure=failure))


def test_content_length_over_several_pieces() -> None:
    response = read(
        b"HTTP/1.1 200 OK\r\nContent-",
        b"Length: 6\r\nX-Request-Id: a\r\nx-request-id: b\r\n\r\nab",
        b"cd",
        b"ef",
    )
    assert (response.status, response.reason, response.http_version) == (200, "OK", "HTTP/1.1")
    assert response.headers == (("content-length", "6"), ("x-request-id", "a"), ("x-request-id", "b"))
    assert response.header("X-Request-ID") == "a"
    assert response.header("server") is None
    assert response.body == b"abcdef"
    assert (response.ends, response.ends_ns) == ((2, 4, 6), (20, 30, 40))
    assert response.first_byte_ns == 10
    assert response.complete
    assert response.error is None


def test_each_byte_has_the_instant_of_its_piece() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na", b"bc", b"d")
    assert [response.arrived_ns(offset) for offset in range(4)] == [10, 20, 20, 30]


@pytest.mark.parametrize("offset", [-1, 4])
def test_no_instant_outside_the_body(offset: int) -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd")
    with pytest.raises(IndexError):
        response.arrived_ns(offset)


def test_chunks_are_joined_and_trailers_are_no_headers() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
    response = read(head, b"3\r\nab", b"c\r\n1;x=y\r\nd\r", b"\n0\r\nX-Sum: 1\r\n\r\n")
    assert response.body == b"abcd"
    assert (response.ends, response.ends_ns) == ((2, 4), (20, 30))
    assert response.header("x-sum") is None
    assert response.complete


def test_truncated_chunks_are_not_complete() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    assert response.body == b"abc"
    assert not response.complete
    assert response.error is None


def test_truncated_length_is_not_complete() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc")
    assert (response.body, response.complete) == (b"abc", False)


def test_truncated_head_gives_what_is_known() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Le")
    assert (response.status, response.complete, response.first_byte_ns) == (None, False, 10)


def test_without_framing_the_end_of_the_connection_ends_the_body() -> None:
    pieces = (b"HTTP/1.1 200 OK\r\n\r\nab", b"cd")
    assert read(*pieces).complete
    assert read(*pieces).body == b"abcd"
    assert not read(*pieces, failure=_BROKEN).complete


def test_http_1_0() -> None:
    response = read(b"HTTP/1.0 200 OK\r\n\r\nab")
    assert (response.http_version, response.body, response.complete) == ("HTTP/1.0", b"ab", True)


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    response = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert (response.status, response.body, response.complete) == (status, b"", True)


def test_a_response_to_head_has_no_body() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method="HEAD")
    assert (response.status, response.body, response.complete) == (200, b"", True)


def test_interim_responses_are_passed_over() -> None:
    response = read(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 2",
        b"01 Created\r\nContent-Length: 1\r\n\r\nx",
    )
    assert (response.status, response.reason, response.body) == (201, "Created", b"x")
    assert response.header("link") is None
    assert response.first_byte_ns == 20
    assert response.complete


def test_only_an_interim_response_is_not_complete() -> None:
    assert not read(b"HTTP/1.1 100 Continue\r\n\r\n").complete


def test_a_switch_of_protocols_ends_the_response() -> None:
    response = read(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nother bytes")
    assert (response.status, response.body, response.complete) == (101, b"", True)


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"b"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nab",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nb",),
    ],
)
def test_bytes_after_the_end_are_surplus(pieces: tuple[bytes, ...]) -> None:
    response = read(*pieces)
    assert (response.body, response.complete) == (b"a", True)
    assert (response.surplus, response.error) == (True, None)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nab\r\n0\r\n\r\n",
    ],
    ids=["a length beside chunks", "line feeds", "a control character", "a space behind a size"],
)
def test_what_other_clients_read_too(data: bytes) -> None:
    response = read(data)
    assert (response.body, response.complete, response.error) == (b"ab", True, None)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x03\x00\x7a",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_an_error(data: bytes) -> None:
    response = read(data)
    assert response.error is not None
    assert response.error.startswith("not HTTP/1.1: ")
    assert not response.complete


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"HTTP/1.1 200 ", b"O" * 1000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 200),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    ],
)
def test_a_head_without_end_is_given_up(begin: bytes, piece: bytes) -> None:
    reader = ResponseReader("POST", keep_body=True)
    reader.feed(begin)
    pieces = 0
    while reader.error is None:
        reader.feed(piece)
        pieces += 1
    assert "the head is larger than" in reader.error
    assert pieces * len(piece) < LARGEST_HEAD_BYTES + 2 * len(piece)


def test_a_head_has_so_many_headers_at_most() -> None:
    read_whole = read(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * MOST_HEADERS + b"\r\n", b"body")
    assert (len(read_whole.headers), read_whole.error) == (MOST_HEADERS, None)
    reader = ResponseReader("POST", keep_body=False)
    reader.feed(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 10_000)
    assert reader.error == f"the head is larger than {MOST_HEADERS} headers"
    assert len(reader.headers) == MOST_HEADERS


def test_a_body_may_be_larger_than_a_head() -> None:
    response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n", *[b"x" * 100_000] * 6)
    assert len(response.body) == 600_000
    assert response.complete


def test_nothing_received() -> None:
    assert read() == HttpResponse()


def test_bytes_beyond_the_arrivals_come_with_the_end() -> None:
    capture = captured(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
    object.__setattr__(capture, "arrivals", (Arrival(10, 39),))
    response = read_response(capture)
    assert (response.arrived_ns(0), response.arrived_ns(1)) == (10, _END_NS)


_framed = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n",
        b"HTTP/1.0 500 Oops\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Upgrade: x\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"abc",
        b"\xff\x00",
    ]
)


@given(
    pieces=st.lists(st.one_of(st.binary(max_size=40), _framed), max_size=12),
    method=st.sampled_from(["GET", "HEAD", "POST", "CONNECT", ""]),
    failed=st.booleans(),
)
def test_any_bytes_give_an_answer(pieces: list[bytes], method: str, failed: bool) -> None:
    response = read(*pieces, method=method, failure=_BROKEN if failed else None)
    assert len(response.body) <= sum(map(len, pieces))
    assert response.ends == tuple(sorted(set(response.ends)))
    assert (response.ends[-1] if response.ends else 0) == len(response.body)
    assert len(response.ends_ns) == len(response.ends)
    if response.body:
        assert response.arrived_ns(len(response.body) - 1) == response.ends_ns[-1]
    assert (response.first_byte_ns is None) == (not any(pieces))


@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 600), max_size=8), data=st.data())
def test_where_the_pieces_are_cut_does_not_matter(body: bytes, cuts: list[int], data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 50), max_size=10))
    framed, rest = b"", body
    for size in sizes:
        if rest[:size]:
            framed += b"%x\r\n%s\r\n" % (len(rest[:size]), rest[:size])
        rest = rest[size:]
    if rest:
        framed += b"%x\r\n%s\r\n" % (len(rest), rest)
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    response = read(*(whole[a:b] for a, b in pairwise(edges)))
    assert (response.body, response.complete, response.error) == (body, True, None)


@given(
    pieces=st.lists(st.one_of(st.binary(max_size=40), _framed), max_size=12),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_the_end_is_seen_alike_with_and_without_the_body(pieces: list[bytes], method: str) -> None:
    """The stopwatch looks for the end without keeping the body; the reading afterwards must agree."""
    plain, keeping = (ResponseReader(method, keep_body=keep) for keep in (False, True))
    for piece in pieces:
        for reader in (plain, keeping):
            reader.feed(piece)
        assert (plain.complete, plain.head_complete, plain.error, plain.status, plain.keep_alive) == (
            keeping.complete,
            keeping.head_complete,
            keeping.error,
            keeping.status,
            keeping.keep_alive,
        )


@given(sizes=st.lists(st.integers(-5, 60), max_size=5))
def test_arrivals_that_do_not_add_up_lose_nothing(sizes: list[int]) -> None:
    capture = captured(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
    object.__setattr__(capture, "arrivals", tuple(Arrival(5, size) for size in sizes))
    assert read_response(capture).body == b"ab"
