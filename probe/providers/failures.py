"""What a failure is and whose it is; the tables for what providers say are in `reasons`.

Three things can say that an attempt failed: the wire (no response, or not all of it), the HTTP status,
and an error object, which may also come inside a response that succeeded. All of them end in a `Failed`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from probe.facts.sample import FAULTS, Failed, FailureKind
from probe.lib.printable import printable_line
from probe.providers.error_object import ErrorObject, read_error
from probe.providers.reasons import kind_of_error, kind_of_status
from probe.providers.waits import requested_wait, wait_for_reset
from probe.wire.capture import Phase, Reason, WireFailure

_CONNECTING: frozenset[Phase] = frozenset({"start", "dns", "connect", "proxy", "tls"})
_WAITING: frozenset[Phase] = frozenset({"send", "head", "first_token"})

STAGES: Mapping[Phase, str] = MappingProxyType(
    {
        "start": "at the start",
        "dns": "resolving the name",
        "connect": "connecting",
        "proxy": "asking the proxy",
        "tls": "in the TLS handshake",
        "send": "sending the request",
        "head": "waiting for the response",
        "first_token": "waiting for the first token",
        "stream": "in the answer",
    }
)

REASONS: Mapping[Reason, FailureKind] = MappingProxyType(
    {
        "dns": "dns",
        "refused": "refused",
        "unreachable": "unreachable",
        "tls": "tls",
        "proxy": "proxy",
        "protocol": "protocol",
        "too_large": "too_large",
        "cancelled": "cancelled",
        "probe": "probe",
    }
)


# An error in the middle of an answer is the stream's, unless it says that it is about us.
_TELLING_IN_A_STREAM: frozenset[FailureKind] = frozenset(
    {"billing", "auth", "rate_limited", "content_filter", "not_found", "bad_request", "permission"}
)

_NOT_HEALED_BY_WAITING: frozenset[FailureKind] = frozenset({"auth", "billing", "permission"})


def failed(kind: FailureKind, detail: str, retry_after_seconds: float | None = None) -> Failed:
    """A failure of that kind, with its owner; the detail in one line without secrets."""
    return Failed(
        kind=kind,
        fault=FAULTS[kind],
        detail=printable_line(detail) or kind.replace("_", " "),
        retry_after_seconds=retry_after_seconds,
    )


def wire_failed(failure: WireFailure, *, answered: bool) -> Failed:
    """A failure of the wire. `answered`: a response that succeeds had begun."""
    return failed(_wire_kind(failure, answered), f"{STAGES[failure.phase]}: {failure.detail}")


def _wire_kind(failure: WireFailure, answered: bool) -> FailureKind:
    if failure.reason == "timeout":
        if failure.phase in _CONNECTING:
            return "timeout_connect"
        if failure.deadline == "total":
            return "timeout_total"
        return "timeout_first_token" if failure.phase in _WAITING else "timeout_stall"
    if failure.reason in ("reset", "closed"):
        return "stream_broken" if answered else "connection_reset"
    return REASONS[failure.reason]


def status_failed(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Failed:
    """A response whose status is not 200. `headers` in lower case; `now` is the date of the answer."""
    error = _named(read_error(body), headers)
    kind = kind_of_error(error, status) or kind_of_status(status)
    if kind == "bad_request" and (error.status or 0) >= 500:
        # Gateways pass on under 400 what went wrong behind them.
        kind = kind_of_error(error, error.status) or kind
    if kind == "redirected":
        return failed(kind, _redirection(status, headers.get("location")))
    detail = f"HTTP {status}: {error.text}" if error.text else f"HTTP {status}"
    if kind == "probe":
        detail += _clock_offset(headers.get("date", ""), now)
    return failed(kind, detail, _wait(kind, error, headers, now, limits_count=True))


def _named(error: ErrorObject, headers: Mapping[str, str]) -> ErrorObject:
    """With the name that AWS puts into the head: up to a colon, behind the name of its namespace."""
    name = headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
    return replace(error, type=name) if name and not error.type else error


def _clock_offset(date: str, now: datetime) -> str:
    """How far our clock is from the provider's, by the date of its answer; empty if that has none."""
    try:
        offset = (now - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"; our clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the provider's"


def _redirection(status: int, location: str | None) -> str:
    if not location:
        return f"HTTP {status}: a redirect without a Location"
    return (
        f"HTTP {status}: redirects to {location}; if that is the API, set base_url to where it is "
        "(a redirect to the same origin is followed once, any other is not)"
    )


def stream_failed(error: ErrorObject, headers: Mapping[str, str], now: datetime) -> Failed:
    """An error object inside a response that succeeded."""
    kind = kind_of_error(error, error.status)
    if kind not in _TELLING_IN_A_STREAM:
        kind = "stream_error"
    return failed(kind, error.text, _wait(kind, error, headers, now, limits_count=False))


def _wait(
    kind: FailureKind, error: ErrorObject, headers: Mapping[str, str], now: datetime, *, limits_count: bool
) -> float | None:
    """How long to wait; None also for what no waiting heals."""
    if kind in _NOT_HEALED_BY_WAITING:
        return None
    wait = requested_wait(headers, error.message, now, error.delay)
    return wait_for_reset(headers, now) if wait is None and kind == "rate_limited" and limits_count else wait
