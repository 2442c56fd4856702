"""What can go wrong with a request, as the one error that callers know."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import urllib3
from influxdb_client.rest import ApiException

from exporters.responses import (
    excerpt,
    reason_in_json,
    retry_after_seconds,
    unreachable_error,
    urllib3_reason,
)
from probe.errors import ExportError
from probe.lib.clock import Clock

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


@contextmanager
def export_errors(clock: Clock) -> Iterator[None]:
    """The client's errors as ExportError: one line, what to do, whether the same points can ever succeed."""
    try:
        yield
    except ApiException as exc:
        raise _of_answer(exc, clock) from exc
    except urllib3.exceptions.HTTPError as exc:
        raise _of_no_answer(urllib3_reason(exc)) from exc
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
    reason = reason_given(error)
    misconfigured = reason is not None and not _OF_POINTS.search(reason) and bool(_OF_REQUEST.search(reason))
    refused = status == _TOO_LARGE or (status in _MALFORMED and reason is not None and not misconfigured)
    hint = _hint(status, reason, misconfigured=misconfigured)
    said = reason or excerpt(str(error.reason or ""))
    text = ": ".join(filter(None, (f"InfluxDB answered {status}", said)))
    headers: Mapping[str, str] = error.headers or {}
    return ExportError(
        f"{text}; {hint}" if hint else text,
        permanent=refused,
        retry_after_seconds=retry_after_seconds(headers.get("Retry-After"), clock.now()),
    )


def _hint(status: int, reason: str | None, *, misconfigured: bool) -> str | None:
    """What to do."""
    if status in _MALFORMED and reason is not None:
        if misconfigured:
            return _CONFIGURATION_HINT
        return _RETENTION_HINT if "retention" in reason else None
    return _HINTS.get(status, _HINT_LATER if status >= _SERVER_ERRORS else _HINT_URL)


def _of_no_answer(reason: str) -> ExportError:
    otherwise = "is it running, and is exporters.influxdb.url right?"
    return unreachable_error("InfluxDB", "exporters.influxdb", reason, otherwise=otherwise)


def reason_given(error: ApiException) -> str | None:
    """The reason that InfluxDB gives, `message` in 2.x, `error` in 1.x and 3.x; None if there is none."""
    return reason_in_json(error.body or "")
