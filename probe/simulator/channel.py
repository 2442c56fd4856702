"""What lies between a connection's plaintext and its socket: nothing, or TLS in memory.

The server sends for itself even under TLS, so that the instant before the ciphertext leaves is known.
"""

from __future__ import annotations

import ssl
from typing import NamedTuple, Protocol


class Opened(NamedTuple):
    """What came of received bytes: plaintext, what must be sent back, and whether the peer said goodbye."""

    plain: bytes
    reply: bytes = b""
    closed: bool = False


class Channel(Protocol):
    def open(self, data: bytes, /) -> Opened:
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
    def open(self, data: bytes, /) -> Opened:
        return Opened(data)

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

    def open(self, data: bytes, /) -> Opened:
        self._incoming.write(data)
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            return self._drained()
        except ssl.SSLWantReadError:
            return Opened(b"", self._outgoing.read())
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

    def _drained(self) -> Opened:
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
        return Opened(b"".join(parts), self._outgoing.read(), closed)
