"""Series for Prometheus's receiver of remote writes: no file of samples can say where a series ends.

https://prometheus.io/docs/specs/prw/remote_write_spec/: protobuf in a block of snappy, here without any
compression, as both say of a literal.
"""

import re
from collections.abc import Iterable
from struct import pack
from urllib.request import Request, urlopen

from tests.dashboards.recorded.scrapes import Points

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_MOST_BYTES = 16_000_000


def write(url: str, series: Iterable[tuple[str, Points]]) -> None:
    """Put them into the server at `url`, which has nothing of later yet."""
    body = bytearray()
    for name, points in series:
        body += _field(1, _series(name, points))
        if len(body) > _MOST_BYTES:
            _send(url, bytes(body))
            body.clear()
    _send(url, bytes(body))


def _send(url: str, body: bytes) -> None:
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = Request(f"{url}/api/v1/write", data=_snappy(body), headers=headers, method="POST")
    urlopen(request, timeout=60).close()


def _series(name: str, points: Points) -> bytes:
    metric, _, inside = name.partition("{")
    labels = {"__name__": metric} | {key: _unescaped(value) for key, value in _LABEL.findall(inside)}
    named = b"".join(
        _field(1, _field(1, key.encode()) + _field(2, labels[key].encode()))
        for key in sorted(labels)
        if labels[key]
    )
    sampled = b"".join(
        _field(2, b"\x09" + pack("<d", value) + b"\x10" + _varint(milliseconds))
        for milliseconds, value in points
    )
    return named + sampled


def _unescaped(text: str) -> str:
    return text.replace(r"\n", "\n").replace(r"\"", '"').replace(r"\\", "\\")


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _snappy(body: bytes) -> bytes:
    """A block of one literal; its length is in four bytes behind the tag 63."""
    return _varint(len(body)) + (b"\xfc" + pack("<I", len(body) - 1) + body if body else b"")
