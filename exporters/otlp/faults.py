"""What servers answer, as the one error that callers know: one line, what to do, whether it can succeed."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from exporters.responses import excerpt, reason_in_json, retry_after_seconds, unreachable_error
from probe.errors import ExportError
from probe.lib.clock import Clock

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
# The same data would be answered the same again. Everything else can be put right, so that the data waits.
_MALFORMED: Final = frozenset({400, 422})
_TOO_LARGE: Final = 413
NOT_OTLP: Final = "not as OTLP does: is exporters.otlp.url right?"
HEADERS: Final = "are exporters.otlp.headers right?"
_PATH: Final = (
    "is exporters.otlp.url right? It has no /v1/{signal}; what takes only one signal is told so by "
    "exporters.otlp.signals"
)
LATER: Final = "it may take them later"
_SERVER_ERRORS: Final = 500
_HINTS: Final[Mapping[int, str]] = {
    400: NOT_OTLP,
    401: HEADERS,
    403: HEADERS,
    404: _PATH,
    405: _PATH,
    407: "a proxy stands before it",
    413: "one request is too large for it",
    415: NOT_OTLP,
    422: NOT_OTLP,
    429: LATER,
}


class DeltasRefused(ExportError):
    """The server takes totals, and was sent what was added: no repeat would change that.

    Prometheus answers 500 and gives the reason, Mimir 400 with the same words.
    """

    def __init__(self, message: str) -> None:
        hint = "set exporters.otlp.temporality to cumulative, or let it take deltas"
        super().__init__(
            f"{message}; {hint} (Prometheus: --enable-feature=otlp-deltatocumulative)", permanent=True
        )


def media_type(content_type: str) -> str:
    """Without parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def otlp_unreachable(reason: str) -> ExportError:
    otherwise = "is it running, and are exporters.otlp.url and protocol right?"
    return unreachable_error("the OTLP server", "exporters.otlp", reason, otherwise=otherwise)


def otlp_refusal(
    status: int, content_type: str, body: bytes, retry_after: str | None, signal: str, clock: Clock
) -> ExportError:
    """An HTTP answer that is no success."""
    said = _said(content_type, body)
    refused = status == _TOO_LARGE or (status in _MALFORMED and said is not None)
    otherwise = LATER if status >= _SERVER_ERRORS else "is exporters.otlp.url right?"
    hint = None if status in _MALFORMED and refused else _HINTS.get(status, otherwise)
    text = f"the OTLP server answered {status} to {signal}"
    if said:
        text = f"{text}: {said}"
        if "temporality" in said:
            return DeltasRefused(text)
    return ExportError(
        f"{text}; {hint.format(signal=signal)}" if hint else text,
        permanent=refused,
        retry_after_seconds=retry_after_seconds(retry_after, clock.now()),
    )


def _said(content_type: str, body: bytes) -> str | None:
    """The reason given: a `google.rpc.Status` as the specification wants it, or text; None for a web page."""
    kind = media_type(content_type)
    if kind == PROTOBUF:
        try:
            return excerpt(Status.FromString(body).message) or None
        except DecodeError:
            return None
    text = body.decode(errors="replace")
    if kind == JSON:
        return reason_in_json(text)
    return excerpt(text) or None if kind == "text/plain" and "<html" not in text.lower() else None
