"""Waiting for many sockets at once, cheaply, and knowing when they were last looked at."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable

from probe.clock import monotonic_ns

_EVENTS_AT_ONCE = 256
_LOOKS_AT_ONCE = 8


class Poller:
    """Calls back for each socket that has something to read, until it is removed.

    One epoll instance stands behind a single reader of the event loop, which spares each piece of a stream
    the loop's own machinery. Without epoll, readers of the loop are used.

    `looked_ns` is the instant of the last look before the present one: what is read now was not readable
    then. It is 0 while that is not known.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self.looked_ns = 0
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self.look)

    def add(self, fd: int, callback: Callable[[], None]) -> None:
        self._callbacks[fd] = callback
        if self._epoll is None:
            self._loop.add_reader(fd, callback)
        else:
            self._epoll.register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        """Before the socket is closed. Nothing happens where it is not there."""
        if self._callbacks.pop(fd, None) is None:
            return
        if self._epoll is None:
            self._loop.remove_reader(fd)
        else:
            self._epoll.unregister(fd)

    def look(self) -> None:
        """Call back for what is readable now. What arrives meanwhile is taken in, too, some times over."""
        epoll = self._epoll
        if epoll is None:
            return
        callbacks = self._callbacks
        for _ in range(_LOOKS_AT_ONCE):
            now_ns = monotonic_ns()
            ready = epoll.poll(0, _EVENTS_AT_ONCE)
            for fd, _ in ready:
                callback = callbacks.get(fd)
                if callback is not None:
                    callback()
            # After a full look there may be more that was readable.
            if len(ready) < _EVENTS_AT_ONCE:
                self.looked_ns = now_ns
            if not ready:
                break

    def close(self) -> None:
        if self._epoll is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
