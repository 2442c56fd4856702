"""Streams of `application/vnd.amazon.eventstream`: their events, and the failures that are told in them.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html: a frame is its length and that of its
headers, the CRC-32 of both, headers, payload, and the CRC-32 of all before; all numbers are big-endian.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from struct import Struct
from zlib import crc32

from probe.providers.dialect import Failure
from probe.providers.error_object import ErrorObject, read_error
from probe.providers.failures import failed
from probe.providers.framing import StreamEvent
from probe.wire.http1 import HttpResponse

MEDIA_TYPE = "application/vnd.amazon.eventstream"

BROKEN = b"!broken"
"""The name of the last event of a stream that is none any more; its data says why."""

EXCEPTION = b"!exception:"
"""What the name of an event begins with that is an exception or an error; its type follows."""

_PRELUDE = Struct(">III")
_CRC = Struct(">I")
# Those of the SDK: https://github.com/boto/botocore/blob/develop/botocore/eventstream.py
_MOST_HEADER_BYTES = 128 * 1024
_MOST_PAYLOAD_BYTES = 24 * 1024 * 1024
# A frame without headers and payload.
_LEAST_BYTES = _PRELUDE.size + _CRC.size
# The size of a value, by the type of a header: true, false, 8 to 64 bits, a timestamp, a UUID.
_FIXED: Mapping[int, int] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
# Bytes and text, whose length stands before them.
_SIZED = (6, 7)


def is_frames(response: HttpResponse) -> bool:
    """The body decides, as a page may come under any content type: a frame begins with its length."""
    if response.body:
        return response.body[0] <= 1
    return (response.header("content-type") or "").lower().startswith(MEDIA_TYPE)


def split_frames(body: bytes) -> Iterator[StreamEvent]:
    """The events of a whole body, in order: payload, end of the frame, and type. Total: any bytes are split.

    A frame that is not whole is none; one that is damaged is an event `BROKEN`, and the last.
    """
    at, size = 0, len(body)
    while size - at >= _PRELUDE.size:
        total, header_bytes, prelude_crc = _PRELUDE.unpack_from(body, at)
        if crc32(body[at : at + 8]) != prelude_crc:
            yield b"the checksum of a frame's head is wrong", size, BROKEN, True
            return
        payload_bytes = total - header_bytes - _LEAST_BYTES
        if header_bytes > _MOST_HEADER_BYTES or not 0 <= payload_bytes <= _MOST_PAYLOAD_BYTES:
            yield b"a frame has an impossible length", size, BROKEN, True
            return
        end = at + total
        if end > size:
            return
        if crc32(body[at : end - 4]) != _CRC.unpack_from(body, end - 4)[0]:
            yield b"the checksum of a frame is wrong", end, BROKEN, True
            return
        start = at + _PRELUDE.size + header_bytes
        name = _event_name(body[at + _PRELUDE.size : start])
        if name is None:
            yield b"the headers of a frame cannot be read", end, BROKEN, True
            return
        yield body[start : end - 4], end, name, True
        at = end


@lru_cache(maxsize=64)
def _event_name(headers: bytes) -> bytes | None:
    """The type of the event; None if the headers cannot be read. The headers of a stream repeat.

    An error has no payload: its message stands behind its code.
    """
    try:
        found = dict(_headers(headers))
    except (IndexError, KeyError):
        return None
    kind = found.get(b":message-type", b"event")
    if kind == b"event":
        return found.get(b":event-type", b"")
    code = found.get(b":exception-type") or found.get(b":error-code") or b"unknown"
    message = found.get(b":error-message", b"")
    return EXCEPTION + code + (b" " + message if message else b"")


def _headers(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values as bytes. Raises IndexError or KeyError for what is no header."""
    at = 0
    while at < len(data):
        start = at + 1
        at = start + data[at]
        name, kind = data[start:at], data[at]
        at += 1
        if kind in _SIZED:
            size = int.from_bytes(data[at : at + 2], "big")
            at += 2
        else:
            size = _FIXED[kind]
        value = data[at : at + size]
        at += size
        if at > len(data):
            raise IndexError
        yield name, value


# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html: no capacity is no
# failure of this one stream.
_NO_CAPACITY = "serviceunavailableexception"


def failure_in(name: bytes, data: bytes) -> Failure | None:
    """The failure that an event of that name and data is; None if it is none.

    Gateways frame an exception as an event of its name.
    """
    if name == BROKEN:
        return failed("protocol", data.decode())
    if not name.startswith(EXCEPTION) and not name.endswith(b"Exception"):
        return None
    kind, _, message = name.removeprefix(EXCEPTION).decode("utf-8", "replace").partition(" ")
    said = read_error(data) if data else ErrorObject(message=message)
    if kind.lower() == _NO_CAPACITY:
        return failed("overloaded", said.text or kind)
    return replace(said, type=kind)
