"""Splitting an event stream into events, each with the place where its data ends.

Follows the WHATWG specification of `text/event-stream`
(https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation): lines end
with CRLF, LF or CR, one space after the colon is no part of the value, comments and unknown fields are
passed over, several `data` lines are joined with a line feed. One rule differs on purpose: an event that
the stream ends without a blank line is given out too, marked as not `terminated`, because providers
forget the last blank line and a torn stream must show what came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")


class Event(NamedTuple):
    """One event that has data.

    `end` is the offset just behind the last byte of its last data line, line end excluded: the event has
    arrived when the byte before it has. `terminated` is false where the stream ended before the blank
    line.
    """

    data: bytes
    end: int
    name: bytes = b""
    terminated: bool = True


def split_events(body: bytes) -> Iterator[Event]:
    """The events of a whole body, in order. Total: any bytes are split."""
    at = len(_BYTE_ORDER_MARK) if body.startswith(_BYTE_ORDER_MARK) else 0
    size = len(body)
    has_cr = b"\r" in body
    # `Event(…)` would cost twice as much, for every token there is.
    find, starts, new = body.find, body.startswith, tuple.__new__
    while at < size:
        # Nearly every event is one line and a blank one: searching for the line end finds it.
        if starts(b"data:", at) and (end := find(b"\n", at)) > 0:
            first = at + 6 if starts(b" ", at + 5) else at + 5
            if not has_cr:
                if starts(b"\n", end + 1):
                    yield new(Event, (body[first:end], end, b"", True))
                    at = end + 2
                    continue
            elif starts(b"\r\n", end + 1) and find(b"\r", at, end) == end - 1:
                yield new(Event, (body[first : end - 1], end - 1, b"", True))
                at = end + 3
                continue
        event, at = _event_by_line(body, at)
        if event is not None:
            yield event


def _event_by_line(body: bytes, at: int) -> tuple[Event | None, int]:
    """The event that the lines from `at` up to a blank one make, and where the next begins."""
    lines: list[bytes] = []
    name, end = b"", 0
    terminated = False
    while at < len(body) and not terminated:
        match = _LINE.match(body, at)
        assert match is not None  # the pattern matches the empty string too
        at = match.end()
        field, _, value = match[1].partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
            end = match.end(1)
        elif field == b"event":
            name = value
        terminated = not match[1]
    return Event(b"\n".join(lines), end, name, terminated) if lines else None, at
