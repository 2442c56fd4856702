"""Redirects that a client follows: to the same origin, with the same method and body, once."""

from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from probe.lib.clock import NS_PER_SECOND
from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse, read_response
from probe.wire.request import Wire, WireRequest
from probe.wire.stalls import Stall

_KEEPING_METHOD = frozenset({307, 308})
_STATUS_MARKS = tuple(b" %d" % status for status in _KEEPING_METHOD)
_DEFAULT_PORTS = {"http": 80, "https": 443}


async def exchange_following(wire: Wire, request: WireRequest) -> Capture:
    """The exchange, or that which followed a redirect, whose time is then part of the Capture.

    Raises StopwatchError.
    """
    capture = await wire.exchange(request)
    # Reading costs as much as all else of an exchange does here, and nearly no answer has this in it.
    may_redirect = any(mark in capture.received for mark in _STATUS_MARKS)
    target = redirect_target(request, read_response(capture)) if may_redirect else None
    if target is None:
        return capture
    left = request.deadlines.total - (capture.end_ns - capture.started_ns) / NS_PER_SECOND
    deadlines = replace(request.deadlines, total=max(left, 0.001))
    return _joined(capture, await wire.exchange(replace(request, target=target, deadlines=deadlines)))


def redirect_target(request: WireRequest, response: HttpResponse) -> str | None:
    """Where a redirect leads that may be followed; None for any other response.

    Another origin is none: neither key nor prompt may go where the configuration did not send them.
    """
    location = response.header("location")
    if response.status not in _KEEPING_METHOD or not response.complete or not location:
        return None
    host = f"[{request.host}]" if ":" in request.host and not request.host.startswith("[") else request.host
    try:
        here = f"{request.scheme}://{host}:{request.port}{request.target}"
        to = urlsplit(urljoin(here, location.strip()))
        origin = (to.scheme, (to.hostname or "").rstrip("."), to.port or _DEFAULT_PORTS.get(to.scheme))
    except ValueError:
        return None
    if origin != (request.scheme, request.host.lower().strip("[]").rstrip("."), request.port):
        return None
    target = f"{to.path or '/'}?{to.query}" if to.query else to.path or "/"
    return target if target.isascii() and target.isprintable() and " " not in target else None


def _joined(before: Capture, after: Capture) -> Capture:
    """The exchange that followed a redirect, begun earlier by what the redirect took.

    What passed between the two in our own process is nobody's time, and left out.
    """
    between_ns = after.started_ns - before.end_ns
    lags = [lag for lag in (before.loop_lag_ns, after.loop_lag_ns) if lag is not None]
    return replace(
        after,
        started_ns=before.started_ns + between_ns,
        redirected_ns=after.started_ns,
        stalls=tuple(Stall(start + between_ns, end + between_ns) for start, end in before.stalls)
        + after.stalls,
        loop_lag_ns=max(lags, default=None),
    )
