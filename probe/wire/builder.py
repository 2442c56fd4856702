"""What is written down while an exchange runs; a Capture once it is over."""

from collections.abc import Callable
from functools import partial

from probe.lib import clock
from probe.lib.clock import ClockPair
from probe.wire.capture import CLOCK_STEP_NS, Arrival, Capture, Phase, WireFailure
from probe.wire.faults import WireError
from probe.wire.redaction import mask_received, redact_headers, redact_proxy, redact_url, secrets_of
from probe.wire.request import WireRequest
from probe.wire.stalls import Stall

# As `Arrival._make`, whose Python code would be run for each piece.
_to_arrival: Callable[[tuple[int, int]], Arrival] = partial(tuple.__new__, Arrival)

_DEFAULT_PORTS = {"http": 80, "https": 443}


class CaptureBuilder:
    """Mutable, of one exchange. Instants are monotonic nanoseconds, None until they are reached.

    `arrivals` and `pieces` go in step; `unstamped` says that the kernel left one of them without a stamp.
    """

    __slots__ = (
        "arrivals",
        "clock_start",
        "connected_ns",
        "dns_ns",
        "ended_ns",
        "failure",
        "http_version",
        "lag_ns",
        "peer_address",
        "phase",
        "pieces",
        "proxied_ns",
        "request",
        "reused",
        "send_ns",
        "sent_ns",
        "stalls",
        "started_ns",
        "tls_cipher",
        "tls_ns",
        "tls_version",
        "unstamped",
    )

    def __init__(self, request: WireRequest) -> None:
        self.request = request
        self.clock_start: ClockPair = clock.read_pair()
        self.phase: Phase = "start"
        self.started_ns = self.clock_start.monotonic_ns
        self.dns_ns: int | None = None
        self.connected_ns: int | None = None
        self.proxied_ns: int | None = None
        self.tls_ns: int | None = None
        self.send_ns: int | None = None
        self.sent_ns: int | None = None
        self.ended_ns: int | None = None
        self.arrivals: list[tuple[int, int]] = []
        self.pieces: list[bytes] = []
        self.unstamped = False
        self.reused = False
        self.peer_address: str | None = None
        self.tls_version: str | None = None
        self.tls_cipher: str | None = None
        self.http_version: str | None = None
        self.lag_ns = 0
        self.stalls: tuple[Stall, ...] = ()
        self.failure: WireFailure | None = None

    def begin_warm(self) -> None:
        """A standing connection is at hand: the exchange starts now, whatever it took to open it."""
        self.reused = True
        self.dns_ns = self.connected_ns = self.proxied_ns = self.tls_ns = None
        self.started_ns = clock.monotonic_ns()

    def fail(self, error: WireError) -> None:
        """Break off in the present phase. The first failure stays."""
        if self.failure is None:
            self.failure = WireFailure(
                phase=self.phase, reason=error.reason, detail=error.detail, deadline=error.deadline
            )
            self.ended_ns = clock.monotonic_ns()

    def capture(self) -> Capture:
        """The finished exchange, without its credentials."""
        request = self.request
        clock_end = clock.read_pair()
        ended_ns = clock_end.monotonic_ns if self.ended_ns is None else self.ended_ns
        if abs(clock_end.offset_ns - self.clock_start.offset_ns) >= CLOCK_STEP_NS:
            # The last stamp may be off by the step; how long it all took is still known.
            ended_ns = clock_end.monotonic_ns
        return Capture(
            method=request.method,
            url=redact_url(url_of(request)),
            request_headers=redact_headers(request.headers),
            request_body=request.body,
            clock_start=self.clock_start,
            clock_end=clock_end,
            started_ns=self.started_ns,
            dns_ns=self.dns_ns,
            connected_ns=self.connected_ns,
            proxied_ns=self.proxied_ns,
            tls_ns=self.tls_ns,
            send_ns=self.send_ns,
            sent_ns=self.sent_ns,
            end_ns=ended_ns,
            planned_ns=request.planned_monotonic_ns,
            received=mask_received(b"".join(self.pieces), secrets_of(request.headers)),
            arrivals=tuple(map(_to_arrival, self.arrivals)),
            stamps="read" if self.unstamped or not self.arrivals else "kernel",
            reused=self.reused,
            peer_address=self.peer_address,
            tls_version=self.tls_version,
            tls_cipher=self.tls_cipher,
            http_version=self.http_version,
            proxy=None if request.proxy is None else redact_proxy(request.proxy),
            max_response_bytes=request.max_response_bytes,
            loop_lag_ns=self.lag_ns,
            stalls=self.stalls,
            failure=self.failure,
        )


def url_of(request: WireRequest) -> str:
    """The absolute URL as it was requested, credentials included."""
    host = f"[{request.host}]" if ":" in request.host else request.host
    port = "" if request.port == _DEFAULT_PORTS[request.scheme] else f":{request.port}"
    return f"{request.scheme}://{host}{port}{request.target}"
