"""Bytes of HTTP/1.1: heads, chunks, cuts that a writer makes into them, and the events inside."""

from collections.abc import Iterable
from http import HTTPStatus

from probe.simulator.behaviour import Behaviour
from probe.simulator.speech import Event

LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GARBAGE = b"\x15\x03\x01\x00\x02\x02\x50 this is no HTTP\r\n\r\n"

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"


def head(
    status: int,
    content_type: str,
    headers: Iterable[tuple[str, str]],
    *,
    keep_alive: bool,
    chunked: bool = False,
    length: int | None = None,
) -> bytes:
    """A response head. Neither chunked nor with a length: the body ends with the connection."""
    lines = [f"HTTP/1.1 {status} {reason(status)}", f"content-type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if chunked:
        lines.append("transfer-encoding: chunked")
    elif length is not None:
        lines.append(f"content-length: {length}")
    lines.append("connection: keep-alive" if keep_alive else "connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def chunk(data: bytes) -> bytes:
    """Data as one chunk of the chunked coding. No data gives no bytes: an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def cut(data: bytes, pieces: int) -> list[bytes]:
    """Data in at most `pieces` parts of about one length.

    Where there is a multi-byte UTF-8 sequence, the cut before it moves into it.
    """
    places = {len(data) * part // pieces for part in range(1, pieces)}
    inside = _inside_character(data)
    if inside and places:
        places.remove(min(places, key=lambda place: abs(place - inside)))
        places.add(inside)
    ends = sorted(places - {0, len(data)})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def _inside_character(data: bytes) -> int | None:
    """The position after the first lead byte of a multi-byte sequence."""
    return next((index + 1 for index, byte in enumerate(data) if byte >= 0xC0), None)


# How the events of a stream become bytes.


class ServerSentEvents:
    media_type = EVENT_STREAM

    def __init__(self, behaviour: Behaviour) -> None:
        self._newline = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}[behaviour.newline]
        self._data = b"data: " if behaviour.data_space else b"data:"

    def framed(self, event: Event) -> bytes:
        newline = self._newline
        if event.name == ":":
            return b": %b%b%b" % (event.data, newline, newline)
        name = b"event: %b%b" % (event.name.encode(), newline) if event.name else b""
        return b"%b%b%b%b%b" % (name, self._data, event.data, newline, newline)

    def unended(self, data: bytes) -> bytes:
        return data.rstrip(self._newline)

    def damaged(self, data: bytes) -> bytes:
        return data


class JsonLines:
    """Newline-delimited JSON; the names of events are not shown."""

    media_type = JSON_LINES

    def __init__(self, _behaviour: Behaviour) -> None:
        pass

    def framed(self, event: Event) -> bytes:
        return event.data + b"\n"

    def unended(self, data: bytes) -> bytes:
        return data.rstrip(b"\n")

    def damaged(self, data: bytes) -> bytes:
        return data
