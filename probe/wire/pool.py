"""Idle connections, kept so that warm exchanges can be measured on purpose."""

import socket
from functools import partial
from typing import NamedTuple

from probe.wire.connection import HttpConnection
from probe.wire.poller import Poller
from probe.wire.request import WireRequest

# More idle connections than any run has in flight; the oldest give way.
_MOST_IDLE = 512


class PoolKey(NamedTuple):
    """Connections with equal keys are interchangeable."""

    scheme: str
    host: str
    port: int
    proxy: str | None
    ca_file: str | None


def key_of(request: WireRequest) -> PoolKey:
    return PoolKey(request.scheme, request.host.lower(), request.port, request.proxy, request.ca_file)


class Pool:
    """Watches its connections: one that its server closes is dropped at once, not at its next use."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._idle: dict[HttpConnection, PoolKey] = {}

    def __len__(self) -> int:
        return len(self._idle)

    def take(self, key: PoolKey) -> HttpConnection | None:
        """The connection used last, verified to be quiet; None if there is none."""
        for connection in [c for c, k in reversed(self._idle.items()) if k == key]:
            self._forget(connection)
            if connection.is_idle():
                return connection
            connection.close()
        return None

    def put(self, key: PoolKey, connection: HttpConnection) -> None:
        if not connection.is_idle():
            connection.close()
            return
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._idle[connection] = key
        self._poller.add(connection.fd, partial(self._stirred, connection))
        while len(self._idle) > _MOST_IDLE:
            oldest = next(iter(self._idle))
            self._forget(oldest)
            oldest.close(politely=True)

    def _stirred(self, connection: HttpConnection) -> bool:
        if not connection.is_idle():
            self._forget(connection)
            connection.close()
        return False

    def _forget(self, connection: HttpConnection) -> None:
        del self._idle[connection]
        self._poller.remove(connection.fd)

    def close(self) -> None:
        for connection in tuple(self._idle):
            self._forget(connection)
            connection.close(politely=True)
