"""A capture: what arrived during one exchange, byte for byte, and when.

It is a plain value. It holds no credential (see `probe.wire.redaction`), can be saved, replayed, attached to
a bug report and kept as a test fixture. All instants are nanoseconds of the monotonic clock of the machine
that made it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from probe.lib.clock import NS_PER_MS, ClockPair
from probe.wire.stalls import Stall, doubtful_instants, stalled_ns

REDACTED = b"[redacted]"
REDACTED_HEADERS = frozenset(
    {
        b"authorization",
        b"proxy-authorization",
        b"api-key",
        b"x-api-key",
        b"x-portkey-api-key",
        b"cf-aig-authorization",
        b"x-goog-api-key",
        b"x-amz-security-token",
        b"cookie",
        b"set-cookie",
    }
)

# The two clocks are read less than a microsecond apart, or a preemption of the process apart at worst; a slew
# moves both alike.
CLOCK_STEP_NS = 2 * NS_PER_MS

StampSource = Literal["kernel", "read"]
Phase = Literal["start", "dns", "connect", "proxy", "tls", "send", "head", "first_token", "stream"]
Reason = Literal[
    "timeout",  # a deadline struck in that phase
    "dns",  # the name does not resolve
    "refused",  # nobody listens
    "unreachable",  # no route, no usable address
    "reset",  # the peer tore the connection down
    "closed",  # the peer ended the connection before the response was whole
    "tls",  # handshake or certificate
    "proxy",  # the proxy would not tunnel
    "protocol",  # not HTTP/1.1
    "too_large",  # more bytes than `max_response_bytes`
    "cancelled",  # the probe was told to stop
    "probe",  # our own machine: out of descriptors, the stopwatch died
]


class Arrival(NamedTuple):
    """One read: `size` plaintext bytes, at `at_ns`."""

    at_ns: int
    size: int


# Which of `probe.wire.request.Deadlines`.
DeadlineName = Literal["connect", "first_token", "stall", "total"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFailure:
    """Why an exchange did not reach its end. `detail` is the system's own message.

    `deadline` is the one that struck; None for any other reason.
    """

    phase: Phase
    reason: Reason
    detail: str
    deadline: DeadlineName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One exchange. A phase that was never reached, or not needed, is None.

    `received` are the plaintext bytes of the HTTP response, head and framing included, in the pieces and at
    the instants of `arrivals`. On a reused connection `dns_ns` to `tls_ns` are None.

    started_ns   the first thing done on the wire
    redirected_ns an exchange before this one was answered with a redirect, whole by then; all of the below
                 is of the exchange that followed
    dns_ns       addresses known
    connected_ns TCP handshake done
    proxied_ns   the proxy's tunnel stands
    tls_ns       TLS handshake done
    send_ns      the first byte of the request is handed to the kernel
    sent_ns      the last byte of the request leaves for the network, by the kernel's stamp; where there is
                 none, the last byte is handed to the kernel
    end_ns       the response is whole, or the exchange was given up

    `stalls` are those that overlap the exchange, in order.
    """

    method: str
    url: str
    request_headers: tuple[tuple[bytes, bytes], ...]
    request_body: bytes
    clock_start: ClockPair
    clock_end: ClockPair
    started_ns: int
    redirected_ns: int | None = None
    dns_ns: int | None = None
    connected_ns: int | None = None
    proxied_ns: int | None = None
    tls_ns: int | None = None
    send_ns: int | None = None
    sent_ns: int | None = None
    end_ns: int
    planned_ns: int | None = None
    received: bytes = b""
    arrivals: tuple[Arrival, ...] = ()
    stamps: StampSource = "read"
    reused: bool = False
    peer_address: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    http_version: str | None = None
    proxy: str | None = None
    # What the response was allowed to have, also once it is decoded; None: that is not known.
    max_response_bytes: int | None = None
    # The longest that the stopwatch's own loop was late while this exchange was open; None: not watched.
    loop_lag_ns: int | None = None
    stalls: tuple[Stall, ...] = ()
    failure: WireFailure | None = None

    @property
    def clock_step_ns(self) -> int:
        """How far the wall clock moved against the monotonic one during the exchange."""
        return self.clock_end.offset_ns - self.clock_start.offset_ns

    @property
    def doubts(self) -> dict[int, int]:
        """Instants that may be later than what they stand for; see `probe.wire.stalls.doubtful_instants`."""
        if not self.stalls:
            return {}
        doubts = doubtful_instants(self.arrivals, self.stalls, stamped=self.stamps == "kernel")
        last_ns = self.arrivals[-1].at_ns if self.arrivals else self.started_ns
        if self.end_ns > last_ns:
            # The end of the connection has no stamp.
            doubts[self.end_ns] = self.end_ns - stalled_ns(self.stalls, last_ns, self.end_ns)
        return doubts

    @property
    def trusted(self) -> bool:
        """False if kernel stamps cannot be carried over to the monotonic scale: the wall clock was set."""
        return self.stamps == "read" or abs(self.clock_step_ns) < CLOCK_STEP_NS
