"""What a dialect is made of: how its answers are framed and parsed, and what their ends mean.

Dialects know this level, and never each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from probe.facts.sample import Failed
from probe.providers.answer import Answer
from probe.providers.error_object import ErrorObject
from probe.providers.framing import StreamEvent
from probe.wire.http1 import HttpResponse

_EVENT_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b"error:", b":")

# Events whose name says that they are of no answer.
HEARTBEATS = (b"ping", b"heartbeat", b"keepalive", b"keep-alive")

# The provider reports an error, or the answer failed for another reason.
Failure = ErrorObject | Failed


class StreamParser(Protocol):
    """Fills one `Answer` from one response. Raises ValueError, one line, for what it cannot parse."""

    @property
    def ended(self) -> bool:
        """The dialect's mark of the end of a stream has come."""
        ...

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        """One event of a stream, whose last byte had arrived at `at_ns`."""
        ...

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        """The whole answer in one body, which is not blank."""
        ...

    def close(self) -> None:
        """The stream is over, whole or not. What its events repeat is worth reading only now."""
        ...


def is_event_stream(response: HttpResponse) -> bool:
    """The body decides if it is plain, as servers mislabel both ways; else the content type."""
    start = response.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_EVENT_FIELDS):
        return True
    if start.startswith((b"{", b"[", b"<")):
        return False
    return (response.header("content-type") or "").lower().startswith("text/event-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the answers of one dialect are read.

    parser          makes the `StreamParser` that fills an `Answer`
    split           the events of a stream: `split_events` or `split_lines` of `probe.providers.framing`
    is_stream       whether a response that succeeded is a stream, rather than one body
    end_mark        what the mark of the end of a stream is called; None if the dialect has none: a stream is
                    whole if its framing is
    needs_end_mark  neither a finish reason nor a whole body makes up for the mark: frames may be cut
    on_head         takes what the head of a response that succeeded says of the answer (header names in lower
                    case), before the rest is read; None if it says nothing
    prompt_bytes    the size in UTF-8 of all texts of a prompt in a request's body; None if it is no prompt
    output_pattern  matches once output has come; see `WireRequest.output_pattern`
    """

    parser: Callable[[Answer], StreamParser]
    split: Callable[[bytes], Iterable[StreamEvent]]
    is_stream: Callable[[HttpResponse], bool] = is_event_stream
    end_mark: str | None
    needs_end_mark: bool = False
    on_head: Callable[[Answer, Mapping[str, str]], None] | None = None
    prompt_bytes: Callable[[bytes], int | None]
    output_pattern: bytes
