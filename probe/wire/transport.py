"""What the transports for `httpx` and `httpx2` share: requests and responses of a client, carried by a Wire.

The exchange is carried out whole before the client gets its response, so that no code of a client or an SDK
runs while tokens arrive. What a single call needs beyond its request, and the Capture it leaves, travel in a
context variable:

    with recording(connection="warm", deadlines=deadlines) as tape:
        await client.chat.completions.create(…)
    tape.capture

Redirects are left to the caller. The clients' own timeouts are not looked at: the recording's deadlines rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from probe.wire.capture import Capture, WireFailure
from probe.wire.http1 import HttpResponse, read_response
from probe.wire.request import Connection, Deadlines, Wire, WireRequest

Headers = Sequence[tuple[bytes, bytes]]

# Names of exceptions that both clients have.
ErrorName = Literal[
    "ConnectTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "ConnectError",
    "ReadError",
    "WriteError",
    "ProxyError",
    "RemoteProtocolError",
    "TransportError",
]

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
    planned_monotonic_ns: int | None = None
    captures: list[Capture] = field(default_factory=list)

    @property
    def capture(self) -> Capture | None:
        """The last exchange; None where none was made."""
        return self.captures[-1] if self.captures else None


_current: ContextVar[Tape | None] = ContextVar("tape", default=None)


@contextmanager
def recording(
    *,
    connection: Connection = "cold",
    deadlines: Deadlines | None = None,
    output_pattern: bytes | None = None,
    planned_monotonic_ns: int | None = None,
) -> Iterator[Tape]:
    """Calls made in this block, by this task or those it starts, are made so and leave their captures."""
    tape = Tape(
        connection=connection,
        deadlines=deadlines or Deadlines(),
        output_pattern=output_pattern,
        planned_monotonic_ns=planned_monotonic_ns,
    )
    token = _current.set(tape)
    try:
        yield tape
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Carries a client's requests over `wire`, which it does not own."""

    wire: Wire
    ca_file: str | None = None
    proxy: str | None = None
    max_response_bytes: int = 16 * 1024 * 1024

    async def carry(
        self,
        method: str,
        scheme: str,
        host: str,
        port: int | None,
        target: str,
        headers: Headers,
        body: bytes,
    ) -> tuple[Capture, HttpResponse]:
        """Make the exchange and put its Capture on the tape.

        Raises StopwatchError, and ValueError for a request that cannot be sent.
        """
        tape = _current.get() or Tape()
        if scheme not in ("http", "https"):
            raise ValueError(f"the scheme {scheme!r} is neither http nor https")
        request = WireRequest(
            method=method,
            scheme="https" if scheme == "https" else "http",
            host=host,
            port=port or _DEFAULT_PORTS[scheme],
            target=target,
            headers=_headers(method, host, headers, body, tape.connection),
            body=body,
            connection=tape.connection,
            deadlines=tape.deadlines,
            max_response_bytes=self.max_response_bytes,
            output_pattern=tape.output_pattern,
            ca_file=self.ca_file,
            proxy=self.proxy,
            planned_monotonic_ns=tape.planned_monotonic_ns,
        )
        capture = await self.wire.exchange(request)
        tape.captures.append(capture)
        return capture, read_response(capture)


def _headers(
    method: str, host: str, headers: Headers, body: bytes, connection: Connection
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


def problem_of(capture: Capture, response: HttpResponse) -> tuple[ErrorName, str] | None:
    """The exception a client would have raised, and its message; None for a whole response."""
    failure = capture.failure
    if failure is not None:
        return _error_name(failure), f"{failure.detail} (in phase {failure.phase})"
    if not response.complete or response.status is None:
        return "RemoteProtocolError", response.error or "the response is not whole"
    return None


def _error_name(failure: WireFailure) -> ErrorName:
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
