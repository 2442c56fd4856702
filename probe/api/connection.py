"""A connection to the HTTP server whose request heads end, in size and in time: uvicorn bounds neither."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Each header is kept as objects of many times its size until the head is whole.
LARGEST_HEAD_BYTES = 64 * 1024


class BoundedConnection(HttpToolsProtocol):
    """Answers 400 to a head that grows too large, and closes where one takes too long."""

    head_seconds = 15.0

    def __init__(self, *args: Any, **options: Any) -> None:
        self._head_bytes = 0
        self._in_head = True
        self._shared = False
        self._deadline: asyncio.TimerHandle | None = None
        super().__init__(*args, **options)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._shared = False
        super().data_received(data)
        if self._in_head and not self._shared and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                self.send_400_response(f"A request's head has at most {LARGEST_HEAD_BYTES} bytes here.")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._watch()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        # What else came with the end of a head may be the next one's.
        self._shared = True
        self._unwatch()
        super().on_headers_complete()

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self._too_late)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            # The head of a pipelined request waits until the answer before it is out.
            self._watch()
        else:
            self.transport.close()
