"""Splitting newline-delimited JSON (https://github.com/ndjson/ndjson-spec) into its lines.

Lines end with LF or CRLF; blank ones are passed over. A last line without its end is given out too, marked
as not `terminated`, so that a torn stream shows what came.
"""

from __future__ import annotations

from collections.abc import Iterator

from probe.providers.sse import Event

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r"


def split_lines(body: bytes) -> Iterator[Event]:
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
