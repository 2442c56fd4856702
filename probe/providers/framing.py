"""Splitting a stream into events, each with the place where its data ends.

Server-sent events follow the WHATWG specification of `text/event-stream`
(https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation): lines end
with CRLF, LF or CR, one space after the colon is no part of the value, comments and unknown fields are
skipped, several `data` lines are joined with a line feed. One rule differs on purpose: an event that
the stream ends without a blank line is yielded too, marked as not `terminated`, because providers
forget the last blank line and a torn stream must show what came.

Newline-delimited JSON (https://github.com/ndjson/ndjson-spec) is split alike: its lines end with LF or CRLF,
and blank ones are skipped.
"""

import re
from collections.abc import Iterator

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# As a number: asked of bytes, `in` first tries to take its left side for one, and is slow if it cannot.
(_CR,) = b"\r"
# What comes before the data of an event whose only lines are its data and, before it, maybe its name.
_BEGINNING = re.compile(rb"(?:event: ?([^\r\n]*)(?:\r\n|\n|\r))?data: ?")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")

# What makes no event and ends none: comments and blank lines between two events.
_NOTHING = re.compile(rb"(?:(?::[^\r\n]*+)?(?:\r\n|\n|\r))++")

_LONE_CR = re.compile(rb"\r(?!\n)")

_BLANK = b" \t\r"


StreamEvent = tuple[bytes, int, bytes, bool]
"""One event that has data: (data, end, name, terminated).

`end` is the offset just behind the last byte of its last data line, line end excluded: the event has arrived
when the byte before it has. `terminated` is false if the stream ended before the blank line. It is a plain
tuple, as a named one costs three times as much, for every token there is.
"""


def split_events(body: bytes) -> Iterator[StreamEvent]:
    """The events of a whole body, in order. Total: any bytes are split."""
    at = len(_BYTE_ORDER_MARK) if body.startswith(_BYTE_ORDER_MARK) else 0
    size = len(body)
    has_cr = b"\r" in body
    # Line by line then: what searches for a line feed would look through the rest of the body each time.
    lone_cr = has_cr and _LONE_CR.search(body) is not None
    line_end, blank_line = (b"\r\n", b"\r\n\r\n") if has_cr else (b"\n", b"\n\n")
    width = len(line_end)
    find, starts = body.find, body.startswith
    beginning, name = b"data: ", b""
    # If the beginning has no space after the colon, the one that does is another.
    spaced = b""
    while at < size:
        # Nearly every event is a line of data and a blank one, some with a name before them, and begins like
        # the event before: searching for the line end finds it. What is none of these goes line by line.
        plain = not lone_cr and starts(beginning, at) and not (spaced and starts(spaced, at))
        if not plain and not lone_cr and (match := _BEGINNING.match(body, at)) is not None:
            plain = True
            beginning, name = match[0], match[1] or b""
            spaced = b"" if beginning.endswith(b" ") else beginning + b" "
        if plain:
            start = at + len(beginning)
            end = find(b"\n", start) + 1 - width
            if end >= start and starts(blank_line, end):
                data = body[start:end]
                if not has_cr or _CR not in data:
                    yield data, end, name, True
                    at = end + 2 * width
                    continue
        if (nothing := _NOTHING.match(body, at)) is not None:
            at = nothing.end()
            continue
        event, at = _event_by_line(body, at)
        if event is not None:
            yield event


def _event_by_line(body: bytes, at: int) -> tuple[StreamEvent | None, int]:
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
    return (b"\n".join(lines), end, name, terminated) if lines else None, at


def split_lines(body: bytes) -> Iterator[StreamEvent]:
    """The lines of a whole body, in order, as events without a name. Total: any bytes are split.

    `end` is the offset just behind the line's last byte, line end excluded: the line has arrived when the
    byte before it has.
    """
    at = len(_BYTE_ORDER_MARK) if body.startswith(_BYTE_ORDER_MARK) else 0
    size = len(body)
    find = body.find
    while at < size:
        end = find(b"\n", at)
        terminated = end >= 0
        if not terminated:
            end = size
        line = body[at:end].rstrip(_BLANK)
        if line:
            yield line, at + len(line), b"", terminated
        at = end + 1
