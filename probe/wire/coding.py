"""Content codings of a response: decoded piece by piece, so that each part keeps its instant of arrival.

Identity is requested; some servers and gateways compress all the same. A part of the body has arrived when
the piece that completes it has: what a decoder still holds back has not come yet. Pure and total. A body that
decodes to more than `MOST_DECODED_BYTES` is cut there, and never held in memory beyond.
"""

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from probe.wire.http1 import HttpResponse

MOST_DECODED_BYTES = 64 * 1024 * 1024
_MOST_CODINGS = 4

# What begins a body whose coding nothing names; deflate and Brotli have no mark.
_MAGIC: tuple[tuple[bytes, str], ...] = ((b"\x1f\x8b\x08", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))


class _Decoder(Protocol):
    """Raises ValueError for what is no such coding."""

    def decode(self, data: bytes, most: int, /) -> bytes:
        """What this piece completes, at most `most` bytes of it."""
        ...


def content_codings(response: HttpResponse) -> tuple[str, ...]:
    """The codings of the body in the order of their application, by the head or by its first bytes."""
    named = ",".join(value for name, value in response.headers if name == "content-encoding")
    codings = [coding.strip().lower() for coding in named.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity", "aws-chunked")]
    if response.succeeded or (codings and not _is_plain(response.body, codings[-1])):
        return tuple(codings)
    # No client reads such an answer, but a person wants the words of an error.
    return tuple(coding for magic, coding in _MAGIC if response.body.startswith(magic))


def _is_plain(body: bytes, coding: str) -> bool:
    """The head names a coding that the body has not: a gateway decoded it and left the header."""
    magic = next((magic for magic, name in _MAGIC if name == coding.removeprefix("x-")), b"")
    start = body.lstrip()[:1]
    return bool(magic) and not body.startswith(magic) and start in (b"{", b"[", b"<", b"d", b"e", b":")


def decode_content(response: HttpResponse, most: int = MOST_DECODED_BYTES) -> HttpResponse:
    """The response with its body decoded; `error` says why that is not all of it."""
    codings = content_codings(response)
    if not codings or not response.body:
        return response
    try:
        decoders = [_opened(coding) for coding in reversed(codings[:_MOST_CODINGS])]
    except ValueError as exc:
        return replace(response, body=b"", ends=(), ends_ns=(), error=str(exc))
    body = bytearray()
    ends: list[int] = []
    ends_ns: list[int] = []
    error = response.error
    start = 0
    for end, at_ns in zip(response.ends, response.ends_ns, strict=True):
        data, start = response.body[start:end], end
        try:
            for decoder in decoders:
                data = decoder.decode(data, most - len(body) + 1)
        except ValueError as exc:
            error = error or f"the body is no sound {codings[-1]}: {exc}"
            break
        if data:
            body += data
            ends.append(min(len(body), most))
            ends_ns.append(at_ns)
        if len(body) > most:
            error = error or f"the body decodes to more than {most} bytes"
            break
    return replace(response, body=bytes(body[:most]), ends=tuple(ends), ends_ns=tuple(ends_ns), error=error)


def _opened(coding: str) -> _Decoder:
    opened = _DECODERS.get(coding.removeprefix("x-"))
    if opened is None:
        raise ValueError(f"the body has a coding that nobody asked for and that is not known: {coding[:40]}")
    return opened()


class _Zlib:
    """Gzip, its members one after another, and deflate, with or without its frame (RFC 9110, 8.4.1.2)."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._inner = zlib.decompressobj(window_bits)
        self._begun = False

    def decode(self, data: bytes, most: int, /) -> bytes:
        found = b""
        while data and len(found) < most:
            if self._inner.eof:
                if self._window_bits != _GZIP or not data.startswith(b"\x1f"):
                    break  # padding behind the last member
                self._inner = zlib.decompressobj(self._window_bits)
            found += self._decompressed(data, most - len(found))
            self._begun = True
            data = self._inner.unused_data if self._inner.eof else b""
        return found

    def _decompressed(self, data: bytes, most: int) -> bytes:
        try:
            return self._inner.decompress(data, most)
        except zlib.error as exc:
            if self._begun or self._window_bits != zlib.MAX_WBITS:
                raise ValueError(str(exc)) from exc
        self._window_bits = -zlib.MAX_WBITS
        self._inner = zlib.decompressobj(self._window_bits)
        try:
            return self._inner.decompress(data, most)
        except zlib.error as exc:
            raise ValueError(str(exc)) from exc


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]

        self._error: type[Exception] = brotli.error
        self._inner = brotli.Decompressor()

    def decode(self, data: bytes, most: int, /) -> bytes:
        if self._inner.is_finished():
            return b""
        try:
            found: bytes = self._inner.process(data, output_buffer_limit=most)
            while len(found) < most and not self._inner.can_accept_more_data():
                found += self._inner.process(b"", output_buffer_limit=most - len(found))
        except self._error as exc:
            raise ValueError(str(exc)) from exc
        return found


class _Zstd:
    """Its frames, one after another (RFC 8878, 3.1)."""

    def __init__(self) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        self._new = zstd.ZstdDecompressor
        self._error: type[Exception] = zstd.ZstdError
        self._inner = self._new()

    def decode(self, data: bytes, most: int, /) -> bytes:
        found = b""
        while data and len(found) < most:
            if self._inner.eof:
                self._inner = self._new()
            try:
                found += self._inner.decompress(data, most - len(found))
            except self._error as exc:
                raise ValueError(str(exc)) from exc
            data = self._inner.unused_data if self._inner.eof else b""
        return found


_GZIP = 16 + zlib.MAX_WBITS
_DECODERS: Mapping[str, Callable[[], _Decoder]] = MappingProxyType(
    {"gzip": lambda: _Zlib(_GZIP), "deflate": lambda: _Zlib(zlib.MAX_WBITS), "br": _Brotli, "zstd": _Zstd}
)
