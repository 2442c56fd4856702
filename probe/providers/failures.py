"""What a failure is and whose it is: every rule in one place, as tables.

Three things can say that an attempt failed: the wire (no response, or not all of it), the HTTP status,
and an error object, which may also come inside a response of status 200. All of them end in a `Failed`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from probe.facts.sample import FAULTS, Failed, FailureKind
from probe.lib.printable import page_title, printable_line
from probe.limits.headers import read_rate_limits
from probe.limits.times import GO_PART, date_of, duration_seconds, parse_number, seconds_until
from probe.wire.capture import Phase, Reason, WireFailure

STATUSES: Mapping[int, FailureKind] = MappingProxyType(
    {
        400: "bad_request",
        401: "auth",
        402: "billing",
        403: "permission",
        404: "not_found",
        407: "proxy",
        408: "server_error",  # the provider gave up on itself
        409: "server_error",  # a conflict inside the provider; SDKs try again
        410: "not_found",
        413: "bad_request",
        414: "bad_request",
        415: "bad_request",
        422: "bad_request",
        424: "server_error",  # Groq: something it depends on failed
        425: "overloaded",
        429: "rate_limited",
        431: "bad_request",
        498: "overloaded",  # Groq: no capacity in the flex tier
        503: "overloaded",
        529: "overloaded",  # Anthropic
    }
)

LONGEST_WAIT_SECONDS = 86_400.0

_ADVICE = re.compile(
    rf"(?i)\b(?:try again|retry) (?:in|after) ((?:{GO_PART})+|[0-9]+(?:\.[0-9]+)?(?= ?seconds?\b))"
)

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


class Hint(NamedTuple):
    """Words in an error object that say more than its status. `statuses` empty: with any."""

    kind: FailureKind
    words: re.Pattern[str]
    statuses: frozenset[int] = frozenset()


def _hint(kind: FailureKind, words: str, *statuses: int) -> Hint:
    return Hint(kind, re.compile(words, re.IGNORECASE | re.VERBOSE), frozenset(statuses))


_REFUSALS = (400, 401, 403, 404, 422)

# The first that matches wins. Matched against "code type message" of the error object.
HINTS: tuple[Hint, ...] = (
    _hint(
        "billing",
        r"""insufficient_(quota|balance|funds|credits?) | billing_(hard_limit|not_active|error) | credit_limit
        | (insufficient|not\ enough|out\ of)\ (credits?|balance|funds) | credits?\ (is|are)\ depleted
        | credit\ balance\ is\ too\ low | budget_exceeded | spend(ing)?[ _]limit
        | specified\ API\ usage\ limits | \bpayment\ required\b""",
    ),
    # Gemini says "exceeded your current quota" of a minute's as well.
    _hint("rate_limited", r"\bRESOURCE_EXHAUSTED\b", 429),
    _hint("billing", r"exceeded\ your\ current\ quota"),
    _hint(
        "permission",
        r"unsupported_country | location\ is\ not\ supported",
        400,
        403,
    ),
    _hint(
        "not_found",
        r"""model_(not_(found|available|supported)|decommissioned|deprecated) | not\ a\ valid\ model
        | \bmodels?\b .{0,120} (does\ not\ exist|not\ found|is\ not\ available|decommissioned|no\ longer)
        | (unknown|invalid|no\ such|unsupported)\ model\b | no\ endpoints\ found""",
        *_REFUSALS,
    ),
    _hint(
        "bad_request",
        r"""context_length_exceeded | (maximum|max)\ context | context\ (length|window)
        | (prompt|input)\ (is\ )?too\ long | string_above_max_length | max(imum)?_?\ ?tokens""",
        400,
        403,
        413,
        422,
    ),
    _hint(
        "auth",
        r"""(invalid|incorrect|missing|expired)[ _]api[ _-]?key | authentication_error | no\ auth\ credentials
        | api[ _-]?key[ _]?(is[ _])?(not[ _]valid|invalid) | unregistered\ callers""",
        *_REFUSALS,
    ),
    _hint(
        "content_filter",
        r"""content_(filter|policy) | responsible_ai | moderation | flagged | safety_(error|check)""",
        *_REFUSALS,
    ),
    _hint("overloaded", r"overloaded | over\ capacity | capacity_exceeded | server\ is\ busy", 429, 500, 502),
    _hint(
        "rate_limited", r"rate_limit_(exceeded|error) | rate\ limit\ (reached|exceeded) | too\ many\ requests"
    ),
)

# An error in the middle of an answer is the stream's, unless it says that it is about us.
_TELLING_IN_A_STREAM: frozenset[FailureKind] = frozenset(
    {"billing", "auth", "rate_limited", "content_filter", "not_found", "bad_request", "permission"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorObject:
    """What an error object says. `status` is its code if that is an HTTP status (OpenRouter, Gemini).

    `delay` is how long it requests to wait, as the duration it is written as (Gemini).
    """

    message: str
    code: str = ""
    type: str = ""
    status: int | None = None
    delay: str = ""

    @property
    def words(self) -> str:
        return f"{self.code} {self.type} {self.message}"[:2000]


def failed(kind: FailureKind, detail: str, retry_after_seconds: float | None = None) -> Failed:
    """A failure of that kind, with its owner; the detail in one line without secrets."""
    return Failed(
        kind=kind,
        fault=FAULTS[kind],
        detail=printable_line(detail) or kind.replace("_", " "),
        retry_after_seconds=retry_after_seconds,
    )


def wire_failed(failure: WireFailure, *, answered: bool) -> Failed:
    """A failure of the wire. `answered`: a response of status 200 had begun."""
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
    error = read_error(body)
    kind = _kind_of(error, status)
    wait = requested_wait(headers, error.message, now, error.delay)
    if wait is None and kind == "rate_limited":
        wait = wait_for_reset(headers, now)
    return failed(kind, f"HTTP {status}: {error.message}" if error.message else f"HTTP {status}", wait)


def stream_failed(error: ErrorObject, headers: Mapping[str, str], now: datetime) -> Failed:
    """An error object inside a response of status 200."""
    kind = _kind_of(error, error.status)
    if kind not in _TELLING_IN_A_STREAM:
        kind = "stream_error"
    wait = requested_wait(headers, error.message, now, error.delay)
    return failed(kind, error.message or error.code or error.type, wait)


def _kind_of(error: ErrorObject, status: int | None) -> FailureKind:
    words = error.words
    for hint in HINTS:
        if (not hint.statuses or status is None or status in hint.statuses) and hint.words.search(words):
            return hint.kind
    if status is None:
        return "stream_error"
    kind = STATUSES.get(status)
    if kind is not None:
        return kind
    return "server_error" if 500 <= status < 600 else "unexpected_status"


def read_error(body: bytes) -> ErrorObject:
    """The error in a response body: JSON of whatever shape, an HTML page, or plain text."""
    text = body[:65536].decode("utf-8", "replace").strip()
    if text[:1] in ("{", "["):
        try:
            return error_object(json.loads(body))
        except (ValueError, RecursionError):
            return ErrorObject(message=text)
    if text[:1] == "<":
        return ErrorObject(message=page_title(text))
    return ErrorObject(message=text)


def error_object(value: object) -> ErrorObject:
    """The error in a JSON value, of which providers know many shapes.

    `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `{"detail": …}`, and any of them in a list.
    """
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and isinstance(value.get("error"), dict | list):
        return error_object(value["error"])
    if not isinstance(value, dict):
        return ErrorObject(message=_text(value))
    code = value.get("code")
    return ErrorObject(
        message=_message(value),
        code=_text(code),
        type=_text(value.get("type") or value.get("status")),
        status=_status(code),
        delay=_delay(value.get("details")),
    )


def _delay(details: object) -> str:
    """`google.rpc.RetryInfo` among the details (https://cloud.google.com/apis/design/errors)."""
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(delay := detail.get("retryDelay"), str):
            return delay
    return ""


def _message(value: Mapping[str, Any]) -> str:
    message = _text(value.get("message") or value.get("error") or value.get("detail") or value.get("msg"))
    metadata = value.get("metadata")
    # OpenRouter: "Provider returned error", and what the provider said beside it.
    raw = _text(metadata.get("raw")) if isinstance(metadata, dict) else ""
    return f"{message}: {raw}" if raw and raw not in message else message


def _status(code: object) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


# How long to wait -------------------------------------------------------------------------------------------


def requested_wait(headers: Mapping[str, str], message: str, now: datetime, delay: str = "") -> float | None:
    """Seconds that the provider requests to wait, at most a day; None if it requests nothing.

    Looked at in this order: `retry-after-ms` (OpenAI), `retry-after` as seconds or as an HTTP date (RFC
    9110 §10.2.3), `delay`, which is that of an error object ("34.07s", Gemini), "try again in 7.6s" in the
    message. `now` is the date of the answer; its own `date` header, by the provider's clock, is preferred.
    """
    milliseconds = parse_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = (headers.get("retry-after") or "").strip()
    seconds = parse_number(value)
    if seconds is None:
        seconds = duration_seconds(value)
    if seconds is None:
        seconds = seconds_until(value, date_of(headers.get("date")) or now)
    if seconds is None:
        seconds = duration_seconds(delay)
    if seconds is None:
        advice = _ADVICE.search(message)
        seconds = (
            None if advice is None else _first_known(duration_seconds(advice[1]), parse_number(advice[1]))
        )
    return None if seconds is None else _bounded(seconds)


def wait_for_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limits that are used up are reset, at most a day; None if nothing says.

    `read_rate_limits` says which headers tell. If nothing remaining is 0, the nearest reset is taken.
    """
    resets = [
        (limit.reset_seconds, limit.remaining)
        for limit in read_rate_limits(headers, now)
        if limit.reset_seconds is not None
    ]
    used_up = [seconds for seconds, remaining in resets if remaining == 0]
    if used_up:
        return _bounded(max(used_up))
    return _bounded(min(seconds for seconds, _ in resets)) if resets else None


def _first_known(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS) if math.isfinite(seconds) else None
