"""What the stopwatch is to do: one request, its deadlines and how to connect."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from probe.wire.capture import Capture

Connection = Literal["cold", "warm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each part of an exchange may take, in seconds.

    connect      DNS, TCP, proxy and TLS together
    first_token  request sent -> first output (see `WireRequest.output_pattern`)
    stall        between two received pieces of the response
    total        start of the call -> end of the response
    """

    connect: float = 10.0
    first_token: float = 30.0
    stall: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP/1.1 request as bytes, ready to be sent.

    `target` is the request target (`/v1/chat/completions?x=1`), `headers` are sent as given and in order;
    Host, Content-Length, Accept-Encoding and Connection are among them. `cold` never reuses a connection and
    closes its own at the end. `warm` is always sent over a standing connection and keeps it: it takes an idle
    one, and where there is none it opens one first, before the clock of the exchange starts (`Capture.reused`
    is true in both cases, and the phases of the connection are absent). A warm series is warm every time,
    and costs no request more than a cold one.
    `output_pattern` is a regular expression over the decoded body that matches once output has arrived; it is
    looked at only when the first-token deadline strikes. None: any byte of the body counts.
    `planned_monotonic_ns` is the instant at which this request was meant to be sent.
    """

    method: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
    connection: Connection = "cold"
    deadlines: Deadlines = field(default_factory=Deadlines)
    max_response_bytes: int = 16 * 1024 * 1024
    output_pattern: bytes | None = None
    ca_file: str | None = None
    proxy: str | None = None
    planned_monotonic_ns: int | None = None


class Wire(Protocol):
    """Carries out exchanges: in this process, or in the stopwatch's own."""

    async def exchange(self, request: WireRequest, /) -> Capture:
        """Send it and wait for the end. A failed exchange is a Capture too; never raises for the network.

        Raises StopwatchError when the stopwatch itself is gone.
        """
        ...

    async def aclose(self) -> None: ...
