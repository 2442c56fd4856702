"""A standing connection: a socket, TLS over it where asked, and what is known of both."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from probe.lib.clock import NS_PER_SECOND
from probe.wire import stamps
from probe.wire.faults import WireError
from probe.wire.http1 import ResponseReader
from probe.wire.proxy import Proxy, connect_request
from probe.wire.tls import TlsSession

_READ_BYTES = 64 * 1024
_LONGEST_PROXY_ANSWER = 64 * 1024


# What one read of the socket gave:
# - plaintext, which may be empty though the stream goes on: a TLS record came in part
# - the kernel's stamp, wall clock, nanoseconds; None if it gave none
# - whether nothing more can come: the peer has ended the stream, or TLS is broken
# - whether the socket may hold more than one read takes
# A plain tuple, as there is one for each piece of each stream.
_Received = tuple[bytes, int | None, bool, bool]


class HttpConnection:
    """Made of a socket that has just been connected; owned by one exchange at a time, or by the pool.

    `sent_wall_ns` is when the last byte of the last message left for the network, by the kernel's stamp; None
    while that is not known.
    """

    __slots__ = (
        "_recvmsg",
        "_sent_bytes",
        "_stamps_sending",
        "_unsent",
        "peer_address",
        "sent_wall_ns",
        "socket",
        "tls",
    )

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.tls: TlsSession | None = None
        self.peer_address = _peer(sock)
        self.sent_wall_ns: int | None = None
        self._recvmsg = sock.recvmsg
        self._unsent: bytes | memoryview = b""
        self._stamps_sending = stamps.enable_sending(sock)
        self._sent_bytes = 0

    @property
    def fd(self) -> int:
        return self.socket.fileno()

    async def tunnel(self, proxy: Proxy, host: str, port: int) -> None:
        """Have the proxy connect to `host`. Raises WireError "proxy" where it will not, OSError."""
        loop = asyncio.get_running_loop()
        await self._send_all(connect_request(proxy, host, port))
        reader = ResponseReader("CONNECT", keep_body=True)
        size = 0
        while not reader.complete and reader.error is None:
            data = await loop.sock_recv(self.socket, _READ_BYTES)
            size += len(data)
            if not data or size > _LONGEST_PROXY_ANSWER:
                reader.release()
                raise WireError("proxy", "the proxy ended the connection instead of answering CONNECT")
            reader.feed(data)
        reader.release()
        if reader.error is not None:
            raise WireError("proxy", f"the proxy's answer to CONNECT is {reader.error}")
        if reader.status is None or not 200 <= reader.status < 300:
            reason = reader.reason.decode("latin-1")
            raise WireError("proxy", f"the proxy answered CONNECT with {reader.status} {reason}".rstrip())
        if reader.surplus:
            raise WireError("proxy", "the proxy sent more than an answer to CONNECT")

    async def secure(
        self, context: ssl.SSLContext, server_hostname: str, between: Callable[[], None]
    ) -> None:
        """Shake hands and verify the peer's certificate. Raises OSError, of which ssl.SSLError is one.

        Each step takes most of a millisecond; `between` is called before each, for those who cannot wait.
        """
        loop = asyncio.get_running_loop()
        tls = TlsSession(context, server_hostname)
        while True:
            between()
            try:
                done = tls.shake_hands()
            except ssl.SSLError:
                # The peer is notified why, as far as it still listens.
                with contextlib.suppress(OSError):
                    self.socket.send(tls.outgoing())
                raise
            await self._send_all(tls.outgoing())
            if done:
                break
            tls.feed(await loop.sock_recv(self.socket, _READ_BYTES))
        self.tls = tls

    async def _send_all(self, data: bytes) -> None:
        if data:
            await asyncio.get_running_loop().sock_sendall(self.socket, data)
            self._sent_bytes += len(data)

    def queue(self, data: bytes) -> None:
        """Have `data` sent by `flush`."""
        if self.tls is not None:
            self.tls.encrypt(data)
            data = self.tls.outgoing()
        self._unsent = data if not self._unsent else bytes(self._unsent) + data

    def flush(self) -> bool:
        """Hand the kernel what it takes. True once nothing is left. Raises OSError."""
        unsent = self._unsent
        if unsent:
            try:
                if self._stamps_sending:
                    sent = self.socket.sendmsg((unsent,), stamps.STAMP_LAST_BYTE)
                else:
                    sent = self.socket.send(unsent)
            except (BlockingIOError, InterruptedError):
                return False
            self._sent_bytes += sent
            self._unsent = b"" if sent == len(unsent) else memoryview(unsent)[sent:]
            self.sent_wall_ns = None
        return not self._unsent

    def look_for_sent_stamp(self) -> None:
        """Bring `sent_wall_ns` up to date; the stamp is commonly there as soon as the last byte is sent."""
        if self._stamps_sending:
            stamp = stamps.sent_wall_ns(self.socket, self._sent_bytes - 1)
            if self.sent_wall_ns is None:
                self.sent_wall_ns = stamp

    def receive(self) -> _Received | None:
        """One read; None if there is nothing to read after all. Raises OSError, also for broken TLS."""
        try:
            data, ancillary, _, _ = self._recvmsg(_READ_BYTES, stamps.ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            # What called for attention may be a stamp.
            self.look_for_sent_stamp()
            return None
        wall_ns = None
        if ancillary:
            # `stamps.received_wall_ns`, but for a call on every piece.
            seconds, nanoseconds = stamps.unpack_timespec(ancillary[0][2])
            wall_ns = seconds * NS_PER_SECOND + nanoseconds
        more = len(data) == _READ_BYTES
        tls = self.tls
        if tls is None:
            return data, wall_ns, not data, more
        plaintext = tls.decrypt(data)
        if tls.error is not None and not plaintext:
            raise tls.error
        outgoing = tls.outgoing()
        if outgoing:
            # A key update wants an answer; it goes out with the next flush at the latest.
            self._unsent = bytes(self._unsent) + outgoing
            self.flush()
        return plaintext, wall_ns, tls.ended or tls.error is not None or not data, more

    def is_idle(self) -> bool:
        """Nothing has come since the last response: neither its peer's end nor bytes that nobody requested.

        TLS tickets may come at any time and are taken in.
        """
        try:
            while (received := self.receive()) is not None:
                data, _, ended, _ = received
                if data or ended:
                    return False
        except OSError:
            return False
        return True

    def close(self, *, politely: bool = False) -> None:
        """Release the socket; `politely` with a TLS close_notify, as far as the kernel takes it at once."""
        if politely and self.tls is not None and not self._unsent:
            self.tls.say_goodbye()
            with contextlib.suppress(OSError):
                self.socket.send(self.tls.outgoing())
        self.socket.close()


def _peer(sock: socket.socket) -> str | None:
    try:
        host, port, *_ = sock.getpeername()
    except OSError:
        return None
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
