"""A server that does to its connections whatever a script says, in threads of its own."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.servers.process import PATIENCE_SECONDS


@dataclass
class Peer:
    """One accepted connection, as a script sees it."""

    socket: socket.socket
    server: RawServer
    number: int
    # (monotonic instants before and after, bytes) of each `send`.
    sent: list[tuple[int, int, bytes]] = field(default_factory=list)

    def request(self) -> bytes:
        """The next request: head and as much body as it announces. Empty when the client has left."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.socket.recv(65536)
        request = head + b"\r\n\r\n" + body
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        before = time.monotonic_ns()
        self.socket.sendall(data)
        self.sent.append((before, time.monotonic_ns(), data))

    def until_gone(self) -> bytes:
        """Whatever the client still sends before it closes."""
        rest = b""
        with suppress(ConnectionError):
            while piece := self.socket.recv(65536):
                rest += piece
        return rest

    def reset(self) -> None:
        """Tear the connection down with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Script = Callable[[Peer], object]


class RawServer:
    """Listens from its making; `close` ends every connection and raises what a script raised."""

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = script
        self.tls = tls
        self.requests: list[bytes] = []
        self.peers: list[Peer] = []
        self.errors: list[BaseException] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is shut down
            while True:
                sock, _ = self._listener.accept()
                sock.settimeout(PATIENCE_SECONDS)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = Peer(sock, self, len(self.peers))
                self.peers.append(peer)
                thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            if self.tls is not None:
                with suppress(ssl.SSLError, ConnectionError):
                    peer.socket = self.tls.wrap_socket(peer.socket, server_side=True)
                if not isinstance(peer.socket, ssl.SSLSocket):
                    return
            self.script(peer)
        except (ConnectionError, ssl.SSLError):
            pass  # the client may leave at any time
        except BaseException as exc:  # noqa: BLE001  raised again where the test waits
            self.errors.append(exc)
        finally:
            peer.socket.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            with suppress(OSError):
                peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads), "a script does not end"
        if self.errors:
            raise self.errors[0]


@contextmanager
def serving(
    script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    server = RawServer(script, host=host, tls=tls)
    try:
        yield server
    finally:
        server.close()


def response(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with Content-Length."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def answers(*pieces: bytes, gap_seconds: float = 0.0) -> Script:
    """For each request of a connection, the same pieces."""

    def script(peer: Peer) -> None:
        while peer.request():
            for number, piece in enumerate(pieces):
                if number and gap_seconds:
                    time.sleep(gap_seconds)
                peer.send(piece)

    return script
