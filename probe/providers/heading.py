"""What the head of a response says, beside its status."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse

_REQUEST_IDS = (
    *("x-request-id", "request-id", "x-generation-id", "apim-request-id"),
    # Bedrock; Cohere.
    *("x-amzn-requestid", "x-debug-trace-id"),
)
_RATE_LIMIT_MARKS = ("ratelimit", "rate-limit", "tokenlimit", "retry-after")
_MOST_HEADERS = 64
_LONGEST_VALUE = 200


def header_map(response: HttpResponse) -> dict[str, str]:
    """The first value of each header, names in lower case."""
    return dict(reversed(response.headers))


def answered_at(capture: Capture) -> datetime:
    """The date at which the exchange ended."""
    return capture.clock_end.to_utc(capture.end_ns)


def request_id(headers: Mapping[str, str], *others: str | None) -> str | None:
    """What the provider's support looks up: a header, else the first of `others`, else the edge's ray."""
    candidates = (*(headers.get(name) for name in _REQUEST_IDS), *others, headers.get("cf-ray"))
    return next((candidate for candidate in candidates if candidate), None)


def rate_limit_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Every header that speaks of a limit or of waiting: at most 64, their values cut at 200 characters."""
    found = (
        (name, value[:_LONGEST_VALUE])
        for name, value in headers.items()
        if any(mark in name for mark in _RATE_LIMIT_MARKS)
    )
    return dict(islice(found, _MOST_HEADERS))
