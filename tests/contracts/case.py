"""What a dialect brings to the contract that all of them pass.

A dialect joins with one file: `tests/contracts/cases/<dialect>.py`, which says `CASE = DialectCase(…)`. The
tests find it there, and fail for a dialect of the factory that has none. Every preset runs through the case
of its dialect, with the preset's own quirks.

A case tells what its servers send, in the terms of their documentation: a good stream as the pieces in which
it comes, the same answer in one body, both again without token counts, an error in the middle of a stream, an
error body for every status, and its model list page by page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probe.facts.sample import DialectName, FailureKind, Usage

# Statuses of which every dialect reads an error, and what each is, whatever the body says of it.
STATUS_KINDS: Mapping[int, FailureKind] = {
    401: "auth",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "server_error",
    413: "bad_request",
    422: "bad_request",
    429: "rate_limited",
    500: "server_error",
    503: "overloaded",
    529: "overloaded",
}


@dataclass(frozen=True, kw_only=True)
class ErrorCase:
    """A response whose status is not 200. `body` is JSON, or bytes as they are."""

    status: int
    body: Any
    kind: FailureKind
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float | None = None
    about: str = ""

    @property
    def name(self) -> str:
        return f"{self.status} {self.about}".strip()


@dataclass(frozen=True, kw_only=True)
class DialectCase:
    """One dialect.

    dialect          its name in presets
    base_url         where a provider of it is
    key_header       the header that the key "contract-key" goes into, and its whole value
    stream_path      the request target of a streamed prompt for the model "some-model", and `body_path` that
                     of one that is not streamed
    stream_type      the content type of a stream
    events           a good stream: `text`, `reasoning` before it where there is any, then the end
    output           the positions in `events` of those that carry output
    body             the same answer in one body
    uncounted_events, uncounted_body  the same without token counts
    usage            what both count; `body_usage` where the body counts otherwise
    model, answer_id what the answer says of itself; None: nothing
    finish_reason    as the provider calls it
    error_event      what comes instead of the second half of a stream when the provider fails, and its kind
    errors           see `standard_errors`; more are welcome
    pages            the model list: by request target, the JSON of each page, in their order
    model_ids        what all pages list
    """

    dialect: DialectName
    base_url: str
    key_header: tuple[str, str]
    stream_path: str
    body_path: str
    stream_type: str
    text: str
    reasoning: str | None = None
    events: tuple[bytes, ...]
    output: tuple[int, ...]
    body: bytes
    uncounted_events: tuple[bytes, ...]
    uncounted_body: bytes
    usage: Usage
    body_usage: Usage | None = None
    model: str | None
    answer_id: str | None
    finish_reason: str
    error_event: bytes
    error_event_kind: FailureKind
    errors: tuple[ErrorCase, ...]
    pages: Mapping[str, Any]
    model_ids: tuple[str, ...]

    @property
    def stream(self) -> bytes:
        return b"".join(self.events)


def standard_errors(shape: Callable[[int, str], Any]) -> tuple[ErrorCase, ...]:
    """An error of every status of `STATUS_KINDS`, in the shape that the dialect gives its errors.

    `shape` gets the status and a message, and gives the JSON of the body.
    """
    return tuple(
        ErrorCase(status=status, body=shape(status, f"This is what {status} says."), kind=kind)
        for status, kind in STATUS_KINDS.items()
    )


def sse(data: Any, name: str | None = None) -> bytes:
    """A server-sent event."""
    head = "" if name is None else f"event: {name}\n"
    return f"{head}data: {data if isinstance(data, str) else to_json(data).decode()}\n\n".encode()


def line(data: Any) -> bytes:
    """A line of NDJSON."""
    return to_json(data) + b"\n"


def to_json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
