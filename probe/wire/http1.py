"""Reading HTTP/1.1 responses: where one ends while it arrives, and what it said once it is captured.

`ResponseReader` is fed piece by piece and knows when the response is whole. `read_response` runs a finished
capture through it and adds when each part of the body had arrived. Both are total: any bytes give an answer,
never an exception. Framing follows RFC 9112: chunked, Content-Length, or until the connection ends; interim
(1xx) responses are passed over; HEAD, 204 and 304 have no body, nor has a tunnel's answer to CONNECT.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import httptools

from probe.wire.capture import Capture

# Many times what any server sends; each of its lines is kept, and costs more memory than it has bytes.
LARGEST_HEAD_BYTES = 256 * 1024
MOST_HEADERS = 1000

# What other clients read, too: a length beside chunks, which override it (RFC 9112, 6.3), lines that end with
# a line feed, control characters in values, spaces behind the size of a chunk.
_LENIENCIES = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}

_PARSER_ERRORS = (httptools.HttpParserError, httptools.HttpParserUpgrade)

_HEAD_ONLY = frozenset({"HEAD", "CONNECT"})
_SWITCHING_PROTOCOLS = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response as far as it arrived.

    status        None if no status line was read
    headers       names in lower case, in the order of the head, repeated ones repeated
    body          without chunked framing, content codings untouched
    ends, ends_ns `body[:ends[n]]` had arrived at `ends_ns[n]`; ascending, and the last one ends the body.
                  Two columns, as a pair for every token would cost as much as parsing it
    first_byte_ns arrival of the first byte of the final response's head (interim responses are passed over);
                  None if nothing arrived
    complete      the framing says that nothing is missing
    surplus       bytes follow its end
    error         why the bytes are no HTTP/1.1 response; None if sound
    """

    status: int | None = None
    reason: str = ""
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ends: tuple[int, ...] = ()
    ends_ns: tuple[int, ...] = ()
    first_byte_ns: int | None = None
    complete: bool = False
    surplus: bool = False
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Any status of success: clients read an answer beside each of them."""
        return self.status is not None and 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case; None if there is none."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), None)

    def arrived_ns(self, offset: int) -> int:
        """When the body's byte at `offset` arrived. Raises IndexError outside the body."""
        if not 0 <= offset < len(self.body):
            raise IndexError(f"offset {offset} is outside a body of {len(self.body)} bytes")
        return self.ends_ns[bisect_right(self.ends, offset)]


def read_response(capture: Capture) -> HttpResponse:
    """The HTTP response in a capture: pure and total."""
    reader = ResponseReader(capture.method, keep_body=True)
    feed, body_size, received = reader.feed, reader.kept.tell, capture.received
    ends: list[int] = []
    ends_ns: list[int] = []
    first_byte_ns: int | None = None
    start = begun = length = 0
    in_body, parse = False, reader.parse
    # Bytes that no arrival accounts for came with the end.
    for at_ns, size in (*capture.arrivals, (capture.end_ns, len(received))):
        data = received[start : start + size] if size > 0 else b""
        if not data:
            continue
        start += size
        if in_body:
            # `feed`, but for a call on every token: nothing is due but parts of the body and its end.
            try:
                parse(data)
            except _PARSER_ERRORS as exc:
                reader.failed(exc)
            if reader.complete or reader.error is not None:
                reader.settle()
                in_body = False
        else:
            feed(data)
            if reader.responses_begun > begun or first_byte_ns is None:
                begun, first_byte_ns = reader.responses_begun, at_ns
            in_body = reader.head_complete and not reader.complete and reader.error is None
        if (grown := body_size()) > length:
            length = grown
            ends.append(length)
            ends_ns.append(at_ns)
    if capture.failure is None:
        reader.end_of_stream()
    return HttpResponse(
        status=reader.status,
        reason=reader.reason.decode("latin-1"),
        http_version=reader.http_version,
        headers=reader.header_texts,
        body=reader.body,
        ends=tuple(ends),
        ends_ns=tuple(ends_ns),
        first_byte_ns=first_byte_ns,
        complete=reader.complete,
        surplus=reader.surplus,
        error=reader.error,
    )


class ResponseReader:
    """One response, fed as it arrives.

    After each `feed`: `head_complete`, `complete`, `error` (not HTTP/1.1), `surplus` (bytes beyond the end),
    `keep_alive` (the connection may carry another request). `body` fills only with `keep_body`.
    """

    __slots__ = (
        "_head_bytes",
        "_head_only",
        "_parser",
        "_whole",
        "complete",
        "error",
        "head_complete",
        "headers",
        "http_version",
        "keep_alive",
        "kept",
        "reason",
        "responses_begun",
        "status",
        "surplus",
    )

    def __init__(self, method: str, *, keep_body: bool) -> None:
        self.status: int | None = None
        self.reason = b""
        self.http_version: str | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        # The body so far; it takes a piece in less time than a bytearray does.
        self.kept = BytesIO()
        self.head_complete = False
        self.complete = False
        self.keep_alive = False
        self.surplus = False
        self.error: str | None = None
        self.responses_begun = 0
        self._head_bytes = 0
        # How large the body was when the response was complete.
        self._whole: int | None = None
        self._head_only = method.upper() in _HEAD_ONLY
        events = _BodyEvents(self) if keep_body else _Events(self)
        parser = httptools.HttpResponseParser(events)
        parser.set_dangerous_leniencies(**_LENIENCIES)
        self._parser: httptools.HttpResponseParser | None = parser

    @property
    def body(self) -> bytes:
        return self.kept.getvalue()

    @property
    def header_texts(self) -> tuple[tuple[str, str], ...]:
        """Names in lower case."""
        return tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self.headers
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes, in pieces of any size."""
        if not data:
            return
        parser = self._parser
        if parser is None:
            self.surplus = self.surplus or self.complete
            return
        try:
            parser.feed_data(data)
        except _PARSER_ERRORS as exc:
            self.failed(exc)
        if not self.head_complete and self.error is None:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                self.error = f"the head is larger than {LARGEST_HEAD_BYTES} bytes"
        if self.complete or self.error is not None:
            self.settle()

    @property
    def parse(self) -> Callable[[bytes], None]:
        """The parser's own entry, for who knows that a body is under way. Raises its own errors."""
        assert self._parser is not None
        return self._parser.feed_data

    def failed(self, error: Exception) -> None:
        """The parser stumbled."""
        if self.complete:
            # llhttp reads on after the end and stumbles over what it finds there.
            self.surplus = self.status != _SWITCHING_PROTOCOLS
        else:
            self.error = f"not HTTP/1.1: {error}"

    def settle(self) -> None:
        """The response is over, whole or broken."""
        self._cut_surplus()
        self.release()

    def end_of_stream(self) -> None:
        """The peer ended the connection: whole now, where the framing is "until the connection ends"."""
        if self.head_complete and not self.complete and self.error is None and not self._is_framed():
            self.complete = True
        self.release()

    def release(self) -> None:
        """Let go of the parser: it and this reader hold each other, and the collector may be paused."""
        self._parser = None

    def _cut_surplus(self) -> None:
        """Bodies of further responses went to the end of this one's."""
        if self._whole is not None and self.kept.tell() > self._whole:
            self.surplus = True
            self.kept.seek(self._whole)
            self.kept.truncate()

    def _is_framed(self) -> bool:
        """The head says where the body ends: by a length, or by chunked as the last coding."""
        codings = [v for name, v in self.headers if name.lower() == b"transfer-encoding"]
        if codings:
            return codings[-1].rpartition(b",")[2].strip().lower() == b"chunked"
        return any(name.lower() == b"content-length" for name, _ in self.headers)

    def begun(self) -> None:
        if self.complete:
            self.surplus = True
            return
        self.responses_begun += 1
        self.status, self.reason, self.http_version, self.headers = None, b"", None, []
        self.head_complete = False

    def head_ended(self) -> None:
        parser = self._parser
        if self.complete or parser is None:
            return
        self.status = parser.get_status_code()
        self.http_version = f"HTTP/{parser.get_http_version()}"
        self.keep_alive = parser.should_keep_alive()
        if not self._is_interim():
            self.head_complete = True
            if self._head_only:
                self._ended()

    def message_ended(self) -> None:
        if not self._is_interim() and not self.complete:
            self._ended()

    def _ended(self) -> None:
        self.complete = True
        self._whole = self.kept.tell()

    def _is_interim(self) -> bool:
        return self.status is not None and 100 <= self.status < 200 and self.status != _SWITCHING_PROTOCOLS


class _Events:
    """The callbacks that httptools looks for; a missing one costs nothing, so the body's is left out."""

    __slots__ = ("_reader",)

    def __init__(self, reader: ResponseReader) -> None:
        self._reader = reader

    def on_message_begin(self) -> None:
        self._reader.begun()

    def on_status(self, status: bytes) -> None:
        if not self._reader.complete:
            self._reader.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come after the head and are no part of it.
        reader = self._reader
        if reader.head_complete:
            return
        if len(reader.headers) < MOST_HEADERS:
            reader.headers.append((name, value))
        else:
            reader.error = f"the head is larger than {MOST_HEADERS} headers"

    def on_headers_complete(self) -> None:
        self._reader.head_ended()

    def on_message_complete(self) -> None:
        self._reader.message_ended()


class _BodyEvents(_Events):
    """The body goes straight into the reader's: a Python call for each of its parts would cost more."""

    __slots__ = ("on_body",)

    def __init__(self, reader: ResponseReader) -> None:
        super().__init__(reader)
        self.on_body = reader.kept.write
