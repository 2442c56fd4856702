"""Content codings, decoded piece by piece, each part with the instant of the piece that completes it."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.coding import decode_content
from probe.wire.http1 import HttpResponse

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EVENTS = [b'data: {"n": %d}\n\n' % n for n in range(5)]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def response(coding: str | None, *pieces: bytes, status: int = 200, complete: bool = True) -> HttpResponse:
    """A response whose pieces arrived at 1, 2, …"""
    ends = tuple(sum(map(len, pieces[: n + 1])) for n in range(len(pieces)))
    return HttpResponse(
        status=status,
        headers=(("content-encoding", coding),) if coding is not None else (),
        body=b"".join(pieces),
        ends=ends,
        ends_ns=tuple(range(1, len(pieces) + 1)),
        complete=complete,
    )


@pytest.mark.parametrize("coding", CODINGS)
def test_a_whole_body(coding: str) -> None:
    decoded = decode_content(response(coding, CODINGS[coding](b"".join(EVENTS))))
    assert (decoded.body, decoded.ends_ns, decoded.error) == (b"".join(EVENTS), (1,), None)


def test_deflate_without_its_frame() -> None:
    assert decode_content(response("deflate", raw_deflate(b"words"))).body == b"words"


def test_codings_one_over_the_other() -> None:
    assert decode_content(response("gzip, br", brotli.compress(gzip.compress(b"words")))).body == b"words"


def test_a_stream_that_is_flushed_at_every_event() -> None:
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS]
    decoded = decode_content(response("gzip", *pieces, packer.flush()))
    assert decoded.body == b"".join(EVENTS)
    assert decoded.ends_ns == (1, 2, 3, 4, 5)
    assert [decoded.arrived_ns(end - 1) for end in decoded.ends] == [1, 2, 3, 4, 5]


def test_a_part_has_arrived_with_the_piece_that_completes_it() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(EVENTS[0]) + packer.flush(zlib.Z_SYNC_FLUSH)
    decoded = decode_content(response("gzip", first[:12], first[12:-6], first[-6:]))
    assert decoded.body == EVENTS[0]
    assert decoded.arrived_ns(len(EVENTS[0]) - 1) >= 2


def test_members_and_frames_follow_each_other() -> None:
    assert decode_content(response("gzip", gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0")).body == b"ab"
    assert decode_content(response("zstd", zstd.compress(b"a") + zstd.compress(b"b"))).body == b"ab"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_cut(coding: str) -> None:
    decoded = decode_content(response(coding, CODINGS[coding](bytes(3_000_000))), most=100_000)
    assert len(decoded.body) == 100_000
    assert decoded.error == "the body decodes to more than 100000 bytes"
    assert decoded.ends == (100_000,)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_broken_keeps_what_came_before(coding: str) -> None:
    decoded = decode_content(response(coding, b"\xffthis is none of them"))
    assert decoded.body == b""
    assert decoded.error is not None
    assert "no sound" in decoded.error


def test_a_coding_that_nobody_knows() -> None:
    decoded = decode_content(response("compress", b"abc"))
    assert decoded.error is not None
    assert "compress" in decoded.error


def test_identity_is_none() -> None:
    for coding in (None, "identity", ""):
        plain = response(coding, b"abc")
        assert decode_content(plain) is plain


def test_the_words_of_an_error_are_found_with_or_without_the_header() -> None:
    packed = gzip.compress(b'{"error": "no"}')
    assert decode_content(response(None, packed, status=429)).body == b'{"error": "no"}'
    assert decode_content(response(None, zstd.compress(b"no"), status=500)).body == b"no"
    # The header stayed, the coding went.
    assert decode_content(response("gzip", b'{"error": "no"}', status=429)).body == b'{"error": "no"}'
    # No client reads such an answer.
    assert decode_content(response(None, packed)).body == packed
    assert decode_content(response("gzip", b"data: {}\n\n")).error is not None


@given(st.sampled_from(list(CODINGS)), st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_total_over_any_bytes_in_any_pieces(coding: str, data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(data)]
    for body in (data, CODINGS[coding](data)):
        pieces = [body[a:b] for a, b in zip(places, [*places[1:], len(body)], strict=True)]
        decoded = decode_content(response(coding, *(piece for piece in pieces if piece)))
        assert list(decoded.ends) == sorted(decoded.ends)
        assert not decoded.ends or decoded.ends[-1] == len(decoded.body)
        if body is not data and len(body) == sum(map(len, pieces)) and body:
            assert decoded.body == data
