"""What servers answer, as the one error that callers know: one line, what to do, whether it can succeed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from probe.clock import Clock
from probe.errors import ExportError
from probe.header_time import number, seconds_until
from probe.secrets import redact

_SHOWN_CHARACTERS: Final = 200
# The same data would be answered the same again. Everything else can be put right, so that the data waits.
_MALFORMED: Final = frozenset({400, 422})
_TOO_LARGE: Final = 413
NOT_OTLP: Final = "not as OTLP does: is exporters.otlp.url right?"
_HEADERS: Final = "are exporters.otlp.headers right?"
_PATH: Final = (
    "is exporters.otlp.url right? It has no /v1/{signal}; what takes only one signal is told so by "
    "exporters.otlp.signals"
)
_LATER: Final = "it may take them later"
_SERVER_ERRORS: Final = 500
# By what is in the reason why there is no answer; the last one is for all others.
_NO_ANSWER_HINTS: Final = (
    (
        "certificate",
        "name who signed its certificate in exporters.otlp.ca_file, and the host as the certificate does",
    ),
    ("timed out", "is it overloaded, or exporters.otlp.timeout_seconds too short?"),
    ("", "is it running, and are exporters.otlp.url and protocol right?"),
)
_HINTS: Final[Mapping[int, str]] = {
    400: NOT_OTLP,
    401: _HEADERS,
    403: _HEADERS,
    404: _PATH,
    405: _PATH,
    407: "a proxy stands before it",
    413: "one request is too large for it",
    415: NOT_OTLP,
    422: NOT_OTLP,
    429: _LATER,
}


def unreachable(reason: str) -> ExportError:
    said = reason.lower()
    hint = next(hint for words, hint in _NO_ANSWER_HINTS if words in said)
    return ExportError(f"the OTLP server cannot be reached: {line(reason)}; {hint}")


def of_answer(
    status: int, content_type: str, body: bytes, retry_after: str | None, signal: str, clock: Clock
) -> ExportError:
    """An HTTP answer that is no success."""
    said = _said(content_type, body)
    refused = status == _TOO_LARGE or (status in _MALFORMED and said is not None)
    otherwise = _LATER if status >= _SERVER_ERRORS else "is exporters.otlp.url right?"
    hint = None if status in _MALFORMED and refused else _HINTS.get(status, otherwise)
    text = f"the OTLP server answered {status} to {signal}"
    if said:
        text = f"{text}: {said}"
    return ExportError(
        f"{text}; {hint.format(signal=signal)}" if hint else text,
        permanent=refused,
        retry_after_seconds=_retry_after(retry_after, clock),
    )


def _said(content_type: str, body: bytes) -> str | None:
    """The reason given: a `google.rpc.Status` as the specification wants it, or text; None for a web page."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-protobuf":
        try:
            return line(Status.FromString(body).message) or None
        except DecodeError:
            return None
    text = body.decode(errors="replace")
    if kind == "application/json":
        try:
            read = json.loads(text)
        except ValueError:
            return None
        reason = read.get("message") or read.get("error") if isinstance(read, dict) else None
        return line(reason) if isinstance(reason, str) else None
    return line(text) or None if kind == "text/plain" and "<html" not in text.lower() else None


def _retry_after(text: str | None, clock: Clock) -> float | None:
    if text is None:
        return None
    seconds = number(text)
    if seconds is None:
        seconds = seconds_until(text, clock.now())
    return seconds if seconds is not None and seconds >= 0 else None


def line(text: str) -> str:
    """On one line, without secrets, and not long."""
    text = redact(" ".join(text.split()))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
