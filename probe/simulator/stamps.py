"""Receive stamps of the Linux kernel: when the bytes of a read had arrived.

The kernel starts stamping, asynchronously, when the first socket asks for it and stops when the last one that
asked is closed. `StampSwitch` is that socket, held open, so that the first request of a connection is stamped
too.
"""

import socket
import struct
import sys
from collections.abc import Iterable

from probe.lib.clock import NS_PER_SECOND, read_pair

# Python's socket module does not name it; the value of asm-generic/socket.h is that of all common machines.
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)


def ask_for_stamps(sock: socket.socket) -> bool:
    """Have the kernel stamp what this socket, and every one accepted from it, receives. False: it cannot."""
    if sys.platform != "linux":
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def stamp_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int | None:
    """The stamp that came with a read, on the monotonic clock; None if there is none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return read_pair().to_monotonic_ns(seconds * NS_PER_SECOND + nanoseconds)
    return None


class StampSwitch:
    """Keeps stamping switched on in the kernel until closed."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ask_for_stamps(self._socket)

    def close(self) -> None:
        self._socket.close()
