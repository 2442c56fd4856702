"""The sending side of one connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from probe.lib.clock import monotonic_ns

# On, and nothing to wait for: close() discards what is unsent and sends RST.
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Outlet:
    """Sends directly, and waits only for a client that is slow to take what it is sent.

    A buffer between the write and the kernel would make the instant of the write a lie.
    """

    def __init__(
        self, sock: socket.socket, loop: asyncio.AbstractEventLoop, rehearse: Callable[[], None]
    ) -> None:
        """`rehearse` is called directly before the instant of a write is noted."""
        self._socket = sock
        self._loop = loop
        self._rehearse = rehearse
        self._waiting: memoryview | None = None
        self._drained: Callable[[int], None] | None = None
        self._lost: Callable[[], None] | None = None

    def send(
        self, data: bytes, drained: Callable[[int], None], lost: Callable[[], None]
    ) -> tuple[int, int | None]:
        """Hand `data` to the kernel: the instant before, and the instant after.

        Where the kernel does not take all of it the second is None, and `drained` is called with it later.
        Raises OSError where the client is gone; `lost` is called where that shows later.
        """
        self._rehearse()
        at_ns = monotonic_ns()
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        returned_ns = monotonic_ns()
        if sent == len(data):
            return at_ns, returned_ns
        self._waiting, self._drained, self._lost = memoryview(data)[sent:], drained, lost
        self._loop.add_writer(self._socket, self._continue)
        return at_ns, None

    def send_now(self, data: bytes) -> None:
        """Send a few bytes beside any answer: a handshake, a goodbye. Whoever is gone misses nothing."""
        try:
            self._socket.send(data)
        except OSError:
            return

    def close(self, *, reset: bool = False) -> None:
        self._loop.remove_writer(self._socket)
        self._waiting = self._drained = self._lost = None
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)

    def _continue(self) -> None:
        assert self._waiting is not None
        assert self._drained is not None
        assert self._lost is not None
        try:
            sent = self._socket.send(self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self._lost()
            return
        if sent < len(self._waiting):
            self._waiting = self._waiting[sent:]
            return
        drained = self._drained
        self._loop.remove_writer(self._socket)
        self._waiting = self._drained = self._lost = None
        drained(monotonic_ns())
