"""What can go wrong with a request, as the one error that callers know."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import urllib3
from influxdb_client.rest import ApiException

from probe.clock import Clock
from probe.errors import ExportError
from probe.header_time import number, seconds_until
from probe.secrets import redact

_SHOWN_CHARACTERS: Final = 200
# The same points would be answered the same again: they are malformed, or older than the bucket keeps.
_MALFORMED: Final = frozenset({400, 422})
_TOO_LARGE: Final = 413
_HINT_LATER: Final = "it may take them later"
_HINT_URL: Final = "is exporters.influxdb.url right?"
_HINTS: Final[Mapping[int, str]] = {
    400: "not as InfluxDB does: is exporters.influxdb.url right?",
    401: "is exporters.influxdb.token right?",
    403: "may the token write to the bucket?",
    404: "are exporters.influxdb.url, org and bucket right? `probe influx init` creates the bucket",
    413: "one point is too large for it",
    422: "not as InfluxDB does: is exporters.influxdb.url right?",
    429: _HINT_LATER,
}
_CONFIGURATION_HINT: Final = "are exporters.influxdb.org and bucket right?"
_RETENTION_HINT: Final = "keep more by `probe influx init --days …`, then `probe export replay`"
# What is said of points, and what of the request around them: no point is to blame for that.
_OF_POINTS: Final = re.compile(r"parse|partial write|conflict|retention|dropped", re.IGNORECASE)
_OF_REQUEST: Final = re.compile(r"\b(org|orgID|organization|bucket|database|db)\b", re.IGNORECASE)
_SERVER_ERRORS: Final = 500
# By what is in the reason why there is no answer; the last one is for all others.
_NO_ANSWER_HINTS: Final = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "name who signed its certificate in exporters.influxdb.ca_file, and the host as the certificate does",
    ),
    ("timed out", "is it overloaded, or exporters.influxdb.timeout_seconds too short?"),
    ("", "is it running, and is exporters.influxdb.url right?"),
)


@contextmanager
def translated(clock: Clock) -> Iterator[None]:
    """The client's errors as ExportError: one line, what to do, whether the same points can ever succeed."""
    try:
        yield
    except ApiException as exc:
        raise _of_answer(exc, clock) from exc
    except urllib3.exceptions.HTTPError as exc:
        raise _of_no_answer(_reason(exc)) from exc
    except UnicodeDecodeError as exc:
        raise ExportError(
            "InfluxDB answered with something unreadable: is exporters.influxdb.url right?"
        ) from exc
    except OSError as exc:
        raise _of_no_answer(str(exc)) from exc


def _of_answer(error: ApiException, clock: Clock) -> ExportError:
    """A wrong token, bucket or URL can be put right, so that the points wait."""
    status = error.status or 0
    if not status:  # the client's way to say that TLS failed
        return _of_no_answer(str(error.reason))
    reason = said(error)
    misconfigured = reason is not None and not _OF_POINTS.search(reason) and bool(_OF_REQUEST.search(reason))
    refused = status == _TOO_LARGE or (status in _MALFORMED and reason is not None and not misconfigured)
    hint = _hint(status, reason, misconfigured=misconfigured)
    text = ": ".join(filter(None, (f"InfluxDB answered {status}", reason or _line(str(error.reason or "")))))
    return ExportError(
        f"{text}; {hint}" if hint else text,
        permanent=refused,
        retry_after_seconds=_retry_after(error, clock),
    )


def _hint(status: int, reason: str | None, *, misconfigured: bool) -> str | None:
    """What to do."""
    if status in _MALFORMED and reason is not None:
        if misconfigured:
            return _CONFIGURATION_HINT
        return _RETENTION_HINT if "retention" in reason else None
    return _HINTS.get(status, _HINT_LATER if status >= _SERVER_ERRORS else _HINT_URL)


def _of_no_answer(reason: str) -> ExportError:
    hint = next(hint for words, hint in _NO_ANSWER_HINTS if words in reason)
    return ExportError(f"InfluxDB cannot be reached: {_line(reason)}; {hint}")


def said(error: ApiException) -> str | None:
    """The reason that InfluxDB gives, `message` in 2.x, `error` in 1.x and 3.x; None where none is."""
    try:
        body = json.loads(error.body or "")
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    reason = body.get("message") or body.get("error")
    return _line(reason) if isinstance(reason, str) else None


def _retry_after(error: ApiException, clock: Clock) -> float | None:
    headers: Mapping[str, str] = error.headers or {}
    text = headers.get("Retry-After")
    if text is None:
        return None
    seconds = number(text)
    if seconds is None:
        seconds = seconds_until(text, clock.now())
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None


def _reason(error: BaseException) -> str:
    """Without the address of an object in this process, which urllib3 puts first."""
    reason = getattr(error, "reason", None)
    text = str(reason if isinstance(reason, Exception) else error)
    return text.partition("object at ")[2].partition(": ")[2] or text if "object at " in text else text


def _line(text: str) -> str:
    """On one line, without secrets, and not long."""
    text = redact(" ".join(text.split()))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
