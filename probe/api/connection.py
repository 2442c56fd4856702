"""One connection of a client: its requests end, in size and in time, and its answers are taken.

uvicorn bounds none of these.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from probe.api.problem import problem_response

# A scraper, a few boards and scripts hold a handful. More are let in, in the place of those that keep us
# waiting; where none does, so many more.
MOST_CONNECTIONS = 256
_SPARE_CONNECTIONS = 64
_SPARED_SECONDS = 1.0
# Each header is kept as objects of many times its size until the head is whole.
LARGEST_HEAD_BYTES = 64 * 1024
# What all clients together may leave untaken; a large answer is a few megabytes.
MOST_UNTAKEN_BYTES = 64 * 1024 * 1024
# Who takes so much of an answer is slow, and goes on.
_LEAST_TAKEN_BYTES = 16 * 1024

BUSY = "Too many requests at once."
RETRY_LATER: Mapping[str, str] = {"Retry-After": "5"}


class BoundedConnection(HttpToolsProtocol):
    """A connection on which the client may not keep us waiting for ever.

    A request is whole, head and body, within `request_seconds`, and of an answer that does not fit into the
    kernel's buffers something is taken every `answer_seconds`; else the connection ends.
    """

    request_seconds = 15.0
    answer_seconds = 20.0

    def __init__(self, *args: Any, **options: Any) -> None:
        self._head_bytes = 0
        self._in_head = True
        self._shared = False
        # A request has begun, and is not whole.
        self._partial = False
        self.given_up = False
        # When the present request began, or we began to wait for one.
        self._since = 0.0
        # So much was left untaken since then.
        self._untaken: tuple[int, float] | None = None
        super().__init__(*args, **options)

    # What uvicorn and its parser tell ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._since = self.loop.time()
        super().connection_made(transport)
        self._make_room()

    def data_received(self, data: bytes) -> None:
        self._shared = False
        super().data_received(data)
        if self._in_head and not self._shared and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                self.refuse(400, f"A request's head has at most {LARGEST_HEAD_BYTES} bytes here.")

    def on_message_begin(self) -> None:
        self._in_head = self._partial = True
        self._head_bytes = 0
        self._since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        # What else came with the end of a head may be the next one's.
        self._shared = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._partial = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, msg)

    # Whom we wait for -------------------------------------------------------------------------------------

    @property
    def untaken_bytes(self) -> int:
        """What was answered and the client has not taken."""
        return self.transport.get_write_buffer_size()

    @property
    def waits_since(self) -> float | None:
        """Since when we wait for the client, by the loop's clock; None if it waits for us."""
        if self._untaken is not None:
            return self._untaken[1]
        cycle = self.cycle
        # A request is whole, and its answer is not.
        answering = cycle is not None and not cycle.response_complete and not cycle.more_body
        return None if answering or self.pipeline else self._since

    def look(self, now: float) -> None:
        """End the connection if its client has kept us waiting for too long."""
        size = self.untaken_bytes
        if size == 0:
            self._untaken = None
        elif self._untaken is None or not -_LEAST_TAKEN_BYTES < size - self._untaken[0] <= 0:
            self._untaken = size, now
        since = self.waits_since
        limit = self.request_seconds if self._untaken is None else self.answer_seconds
        if since is not None and now - since > limit:
            self.refuse(408, f"A request is whole within {self.request_seconds:g} s here.")

    def refuse(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """End the connection, with this answer where it is one to what the client asks."""
        self.given_up = True
        cycle = self.cycle
        answered = cycle is not None and (cycle.response_started or cycle.response_complete)
        asked = self._partial and (self._in_head or not answered)
        if self.untaken_bytes or self.transport.is_closing():
            self.transport.abort()
            return
        if asked or status == 400 or (status == 503 and cycle is None):
            self.transport.write(_raw_problem(status, detail, headers))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _make_room(self) -> None:
        """Where there are too many: in the place of the one that has kept us waiting for longest."""
        connections: Collection[Any] = self.connections
        if len(connections) <= MOST_CONNECTIONS:
            return
        others = [each for each in connections if each is not self and not each.given_up]
        if len(others) < MOST_CONNECTIONS:
            return
        # In a crowd this is most of what a new connection costs: each is looked at once.
        waiting = ((since, each) for each in others if (since := each.waits_since) is not None)
        since, oldest = min(waiting, key=itemgetter(0), default=(self._since, None))
        # What has just come may not have been read yet.
        late = self._since - since > _SPARED_SECONDS
        if not late and len(others) < MOST_CONNECTIONS + _SPARE_CONNECTIONS:
            return
        (oldest or self).refuse(503, BUSY, RETRY_LATER)


def look_after(connections: Iterable[Any], now: float) -> None:
    """End the connections whose clients have kept us waiting for too long, or leave too much untaken."""
    for each in tuple(connections):
        each.look(now)
    slow = sorted((each for each in connections if each.untaken_bytes), key=lambda each: each.waits_since)
    total = sum(each.untaken_bytes for each in slow)
    for each in slow:
        if total <= MOST_UNTAKEN_BYTES:
            break
        total -= each.untaken_bytes
        each.refuse(503, BUSY, RETRY_LATER)


def _raw_problem(status: int, detail: str, headers: Mapping[str, str] | None) -> bytes:
    response = problem_response(status, detail, headers={**(headers or {}), "Connection": "close"})
    lines = (name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", bytes(response.body)))
