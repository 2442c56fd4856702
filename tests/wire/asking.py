"""Requests of tests."""

from __future__ import annotations

from typing import Any

from probe.wire.request import Deadlines, WireRequest
from tests.wire.raw_server import RawServer

# Long enough for a busy machine; the deadline under test is set by its test.
GENEROUS = Deadlines(connect=20, first_token=20, stall=20, total=40)

EVENT = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'


def ask(server: RawServer | None = None, **changes: Any) -> WireRequest:
    """A POST to `server`, or to what `changes` name."""
    fields: dict[str, Any] = {
        "method": "POST",
        "scheme": "http" if server is None or server.tls is None else "https",
        "host": "127.0.0.1" if server is None else server.host,
        "port": 1 if server is None else server.port,
        "target": "/v1/chat/completions",
        "headers": (),
        "body": b'{"stream":true}',
        "deadlines": GENEROUS,
    }
    fields |= changes
    fields["headers"] = (
        (b"Host", fields["host"].encode()),
        *fields["headers"],
        (b"Content-Length", str(len(fields["body"])).encode()),
    )
    return WireRequest(**fields)
