"""Transports for `httpx` and `httpx2`: requests and responses of a client, carried by a Wire.

The exchange is carried out whole before the client gets its response, so that no code of a client or an SDK
runs while tokens arrive. What a single call needs beyond its request, and the Capture it leaves, travel in a
context variable:

    with recording(connection="warm", deadlines=deadlines) as tape:
        await client.chat.completions.create(…)
    tape.capture

A redirect to the same origin is followed once (`probe.wire.redirects`), any other is left to the reader. The
clients' own timeouts are not looked at: the recording's deadlines rule.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from probe.wire.capture import Capture, WireFailure
from probe.wire.http1 import HttpResponse, read_response
from probe.wire.redirects import exchange_following
from probe.wire.request import Connection, Deadlines, Wire, WireRequest

_Headers = Sequence[tuple[bytes, bytes]]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_BEFORE_SENDING = frozenset({"start", "dns", "connect", "proxy", "tls"})

# Set here for every request, whatever the client thinks of them.
_OWN_HEADERS = frozenset(
    {
        b"accept-encoding",
        b"connection",
        b"content-length",
        b"host",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
    }
)


@dataclass(slots=True, kw_only=True)
class Tape:
    """How the calls of one block are to be made, and what they left behind, in order.

    A client that follows redirects, or an SDK that tries again, makes several exchanges of one call.
    """

    connection: Connection = "cold"
    deadlines: Deadlines = field(default_factory=Deadlines)
    output_pattern: bytes | None = None
    max_response_bytes: int | None = None
    planned_monotonic_ns: int | None = None
    captures: list[Capture] = field(default_factory=list)

    @property
    def capture(self) -> Capture | None:
        """The last exchange; None if none was made."""
        return self.captures[-1] if self.captures else None


_current: ContextVar[Tape | None] = ContextVar("tape", default=None)


@contextmanager
def recording(
    *,
    connection: Connection = "cold",
    deadlines: Deadlines | None = None,
    output_pattern: bytes | None = None,
    max_response_bytes: int | None = None,
    planned_monotonic_ns: int | None = None,
) -> Iterator[Tape]:
    """Calls made in this block, by this task or those it starts, are made so and leave their captures.

    `max_response_bytes` is a bound below the transport's own.
    """
    tape = Tape(
        connection=connection,
        deadlines=deadlines or Deadlines(),
        output_pattern=output_pattern,
        max_response_bytes=max_response_bytes,
        planned_monotonic_ns=planned_monotonic_ns,
    )
    token = _current.set(tape)
    try:
        yield tape
    finally:
        _current.reset(token)


class _Transport:
    """`library` is whose requests, responses and exceptions it deals in."""

    library: Any

    def __init__(self, wire: Wire, ca_file: str | None, proxy: str | None, max_response_bytes: int) -> None:
        self._wire = wire
        self._way: dict[str, Any] = {"ca_file": ca_file, "proxy": proxy}
        self._max_response_bytes = max_response_bytes

    async def handle_async_request(self, request: Any) -> Any:
        """Make the exchange and put its Capture on the tape.

        Raises the client's own exceptions for the failures of the network; StopwatchError as it is.
        """
        library = self.library
        tape = _current.get() or Tape()
        try:
            wire_request = self._wire_request(request, await request.aread(), tape)
            capture = await exchange_following(self._wire, wire_request)
            tape.captures.append(capture)
            # What was cut can be large, and the client gets none of it.
            response = HttpResponse() if capture.failure is not None else read_response(capture)
        except ValueError as exc:
            raise library.LocalProtocolError(str(exc), request=request) from exc
        problem = problem_of(capture, response)
        if problem is not None:
            name, message = problem
            raise getattr(library, name)(message, request=request)
        return library.Response(
            response.status,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers],
            stream=library.ByteStream(response.body),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": response.reason.encode("latin-1")},
            request=request,
        )

    def _wire_request(self, request: Any, body: bytes, tape: Tape) -> WireRequest:
        """Raises ValueError for a request that cannot be sent."""
        url = request.url
        if url.scheme not in _DEFAULT_PORTS:
            raise ValueError(f"the scheme {url.scheme!r} is neither http nor https")
        host = url.raw_host.decode("ascii")
        return WireRequest(
            method=request.method,
            scheme=url.scheme,
            host=host,
            port=url.port or _DEFAULT_PORTS[url.scheme],
            target=url.raw_path.decode("ascii"),
            headers=_headers(request.method, host, request.headers.raw, body, tape.connection),
            body=body,
            connection=tape.connection,
            deadlines=tape.deadlines,
            output_pattern=tape.output_pattern,
            planned_monotonic_ns=tape.planned_monotonic_ns,
            max_response_bytes=min(
                self._max_response_bytes, tape.max_response_bytes or self._max_response_bytes
            ),
            **self._way,
        )


def transport_of(
    library: ModuleType,
    wire: Wire,
    *,
    ca_file: str | None = None,
    proxy: str | None = None,
    max_response_bytes: int = 16 * 1024 * 1024,
) -> Any:
    """The transport for clients of `library`, httpx or httpx2. `wire` stays open when they are closed."""
    kind = type("WireTransport", (_Transport, library.AsyncBaseTransport), {"library": library})
    return kind(wire, ca_file, proxy, max_response_bytes)


def _headers(
    method: str, host: str, headers: _Headers, body: bytes, connection: Connection
) -> tuple[tuple[bytes, bytes], ...]:
    """The client's headers with ours in their place; Host comes first (RFC 9110, 7.2)."""
    given = next((value for name, value in headers if name.lower() == b"host"), host.encode())
    lines = [(b"Host", given)]
    lines += [(name, value) for name, value in headers if name.lower() not in _OWN_HEADERS]
    # Compression would batch the chunks of a stream.
    lines.append((b"Accept-Encoding", b"identity"))
    lines.append((b"Connection", b"close" if connection == "cold" else b"keep-alive"))
    if body or method.upper() in _METHODS_WITH_BODY:
        lines.append((b"Content-Length", str(len(body)).encode()))
    return tuple(lines)


def problem_of(capture: Capture, response: HttpResponse) -> tuple[str, str] | None:
    """The exception that a client would have raised and its message; None for a whole response."""
    failure = capture.failure
    if failure is not None:
        return _error_name(failure), f"{failure.detail} (in phase {failure.phase})"
    if not response.complete or response.status is None:
        return "RemoteProtocolError", response.error or "the response is not whole"
    return None


def _error_name(failure: WireFailure) -> str:
    before = failure.phase in _BEFORE_SENDING
    sending = failure.phase == "send"
    match failure.reason:
        case "timeout":
            return "ConnectTimeout" if before else "WriteTimeout" if sending else "ReadTimeout"
        case "dns" | "refused" | "unreachable":
            return "ConnectError"
        case "tls" | "reset":
            return "ConnectError" if before else "WriteError" if sending else "ReadError"
        case "proxy":
            return "ProxyError"
        case "closed":
            return "ConnectError" if before else "RemoteProtocolError"
        case "protocol":
            return "RemoteProtocolError"
        case "too_large":
            return "ReadError"
        case "cancelled" | "probe":
            return "TransportError"
