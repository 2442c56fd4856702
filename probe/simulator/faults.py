"""What can go wrong on purpose, and what a refusal looks like.

Faults that strike before a server is reached are no behaviour of one: `refused_port` reserves a port that
nobody listens on, `UNRESOLVABLE_HOST` is a name that no resolver knows, and broken certificates are an option
of the server (`probe.simulator.certificates`).
"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

# RFC 6761: every name under `.invalid` is guaranteed not to exist.
UNRESOLVABLE_HOST = "simulator.invalid"

FAULT_EFFECTS: dict[str, str] = {
    "stall_first": "the head, then nothing for stall_ms",
    "stall_stream": "nothing for stall_ms in the middle of the answer",
    "slow_head": "no head for stall_ms",
    "reset": "the connection is reset in the middle of the answer",
    "close": "the connection is closed in the middle of the answer",
    "reset_head": "the connection is reset instead of an answer",
    "close_head": "the connection is closed instead of an answer",
    "error_event": "status 200, then the API's own event of an error and the end of the stream",
    "error_event_named": "the same in the other way that the API has: an event of the name `error`, mostly",
    "error_bare": "the same as the JSON of a refusal, without what frames an event",
    "truncated": "the stream ends whole in HTTP, but without finish reason and mark of its end",
    "cut_event": "the stream ends whole in HTTP, in the middle of an event",
    "no_done": "the stream ends without the API's mark of its end",
    "after_done": "more output after the mark of the end",
    "malformed_json": "one event that is no JSON",
    "invalid_utf8": "one event with bytes that are no UTF-8",
    "bad_checksum": "one frame with a wrong checksum, where events are frames",
    "endless": "a stream that never ends, whatever max_tokens says",
    "garbage": "bytes that are no HTTP, then the connection is closed",
    "false_keep_alive": "the answer promises a kept connection and closes it",
}
HTTP_FAULT = re.compile(r"http_([345]\d\d)")


class ErrorAnswer(NamedTuple):
    """What an OpenAI-compatible server says with an error status; other APIs have names of their own."""

    type: str
    code: str | None
    message: str
    status: int = 0


HTTP_ERRORS: dict[int, ErrorAnswer] = {
    400: ErrorAnswer("invalid_request_error", None, "The request is not valid."),
    401: ErrorAnswer("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    402: ErrorAnswer("insufficient_quota", "insufficient_credits", "This request requires more credits."),
    403: ErrorAnswer("permission_error", "forbidden", "This account may not use this model."),
    404: ErrorAnswer("invalid_request_error", "model_not_found", "The model does not exist."),
    413: ErrorAnswer("invalid_request_error", "request_too_large", "The request is too large."),
    429: ErrorAnswer("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ErrorAnswer("server_error", None, "The server had an error while processing your request."),
    503: ErrorAnswer("server_error", "overloaded", "The model is overloaded. Please try again later."),
}


def is_fault(name: str) -> bool:
    return name in FAULT_EFFECTS or HTTP_FAULT.fullmatch(name) is not None


def fault_status(fault: str | None) -> int | None:
    """503 for `http_503`; None for a fault of another kind."""
    found = HTTP_FAULT.fullmatch(fault or "")
    return int(found[1]) if found else None


def refusal(status: int) -> ErrorAnswer:
    """What a server says with this status."""
    usual = ErrorAnswer("server_error" if status >= 500 else "invalid_request_error", None, f"HTTP {status}.")
    return HTTP_ERRORS.get(status, usual)._replace(status=status)


@contextmanager
def refused_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that refuses connections while the context lasts: bound by us, listened on by nobody."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as bound:
        bound.bind((host, 0))
        yield bound.getsockname()[1]
