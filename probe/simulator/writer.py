"""The sending side of one connection, and what lies between its plaintext and its socket."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from typing import NamedTuple, Protocol

from probe.lib.clock import monotonic_ns

# On, and nothing to wait for: close() discards what is unsent and sends RST.
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Writer:
    """Sends directly, and waits only for a client that is slow to take what it is sent.

    A buffer between the write and the kernel would make the instant of the write a lie.
    """

    def __init__(
        self, sock: socket.socket, loop: asyncio.AbstractEventLoop, warm_up: Callable[[], None]
    ) -> None:
        """`warm_up` is called directly before the instant of a write is noted."""
        self._socket = sock
        self._loop = loop
        self._rehearse = warm_up
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
        """Send a few bytes beside any answer: a handshake, a goodbye. A peer that is gone misses nothing."""
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


# What lies between a connection's plaintext and its socket: nothing, or TLS in memory.


class Plaintext(NamedTuple):
    """What came of received bytes: plaintext, what must be sent back, and whether the peer said goodbye."""

    plain: bytes
    reply: bytes = b""
    closed: bool = False


class Channel(Protocol):
    def open(self, data: bytes, /) -> Plaintext:
        """Received bytes to plaintext. Raises HandshakeError."""
        ...

    def seal(self, data: bytes, /) -> bytes:
        """Plaintext to the bytes to be sent."""
        ...

    def goodbye(self) -> bytes:
        """What a clean end of the connection must still send."""
        ...


class HandshakeError(Exception):
    """The client would not shake hands. `alert` are the bytes that tell it so."""

    def __init__(self, message: str, alert: bytes) -> None:
        super().__init__(message)
        self.alert = alert


class PlainChannel:
    def open(self, data: bytes, /) -> Plaintext:
        return Plaintext(data)

    def seal(self, data: bytes, /) -> bytes:
        return data

    def goodbye(self) -> bytes:
        return b""


class TlsChannel:
    """The server's side of one TLS connection over `ssl.MemoryBIO`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False

    def open(self, data: bytes, /) -> Plaintext:
        self._incoming.write(data)
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            return self._drained()
        except ssl.SSLWantReadError:
            return Plaintext(b"", self._outgoing.read())
        except ssl.SSLError as exc:
            raise HandshakeError(str(exc), self._outgoing.read()) from exc

    def seal(self, data: bytes, /) -> bytes:
        self._tls.write(data)
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        if not self._shaken:
            return b""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            # The client's own goodbye has not come, or something else came first: ours is on its way anyway.
            return self._outgoing.read()
        return self._outgoing.read()

    def _drained(self) -> Plaintext:
        parts: list[bytes] = []
        closed = False
        while True:
            try:
                part = self._tls.read(65536)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                closed = True
                break
            if not part:
                closed = True
                break
            parts.append(part)
        return Plaintext(b"".join(parts), self._outgoing.read(), closed)
