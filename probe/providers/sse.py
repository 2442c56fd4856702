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

# Nearly every event is one `data` line and a blank one: read whole in one match. The rest goes line by line.
_PLAIN_EVENT = re.compile(rb"data: ?([^\r\n]*)(?:\n\n|\r\n\r\n|\r\r(?!\n))")
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
    plain, line = _PLAIN_EVENT.match, _LINE.match
    pending = _Pending()
    while at < size:
        if not pending.lines and not pending.name:
            match = plain(body, at)
            if match is not None:
                yield Event(match[1], match.end(1))
                at = match.end()
                continue
        match = line(body, at)
        assert match is not None  # the pattern matches the empty string too
        if match[1]:
            pending.take(match[1], match.end(1))
        elif pending.lines:
            yield pending.event(terminated=True)
            pending = _Pending()
        else:
            pending = _Pending()
        at = match.end()
    if pending.lines:
        yield pending.event(terminated=False)


class _Pending:
    """The lines of an event whose blank line has not come yet."""

    __slots__ = ("end", "lines", "name")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.name = b""
        self.end = 0

    def take(self, line: bytes, end: int) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self.lines.append(value)
            self.end = end
        elif field == b"event":
            self.name = value

    def event(self, *, terminated: bool) -> Event:
        return Event(b"\n".join(self.lines), self.end, self.name, terminated)
