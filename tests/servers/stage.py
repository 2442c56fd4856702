"""A server on loopback that plays one answer, piece by piece, and keeps the request it was for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stage:
    """`pieces` are sent for every request, each for itself; the connection ends with the last.

    A request is its head as lines, and its body.
    """

    url: str
    pieces: tuple[bytes, ...] = ()
    requests: list[tuple[list[str], bytes]] = field(default_factory=list)


@contextmanager
def stage() -> Iterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        playing = Stage(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, playing))
        thread.start()
        try:
            yield playing
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, playing: Stage) -> None:
    while True:
        try:
            peer = listener.accept()[0]
        except OSError:
            return
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            playing.requests.append(_request(peer))
            for piece in playing.pieces:
                peer.sendall(piece)


def _request(peer: socket.socket) -> tuple[list[str], bytes]:
    with peer.makefile("rb") as sent:
        lines = [line.decode().rstrip("\r\n") for line in iter(sent.readline, b"\r\n")]
        sizes = [int(line[15:]) for line in lines if line.lower().startswith("content-length:")]
        return lines, sent.read(sizes[0] if sizes else 0)
