"""The kernel's receive stamps.

With SO_TIMESTAMPNS on a TCP socket, `recvmsg` says when the kernel received the last packet of what it
returns, on the wall clock (Linux, no privilege needed: https://docs.kernel.org/networking/timestamping.html).
Where the option is missing, no ancillary data comes and the caller stamps at the read.
"""

from __future__ import annotations

import socket
import struct
import sys

from probe.clock import NS_PER_SECOND

# asm-generic/socket.h; Python has no name for it. The option's number is also the type of its message.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")

Ancillary = list[tuple[int, int, bytes]]

ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size) if sys.platform == "linux" else 0

_unpack = _TIMESPEC.unpack_from


def enable(sock: socket.socket) -> bool:
    """Ask for stamps, before the first packet. False where the system has none to give."""
    if not ANCILLARY_BYTES:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def wall_ns(ancillary: Ancillary) -> int | None:
    """The stamp in the ancillary data of a `recvmsg`, the only one asked for; None where it is missing."""
    if not ancillary:
        return None
    seconds, nanoseconds = _unpack(ancillary[0][2])
    return seconds * NS_PER_SECOND + nanoseconds  # type: ignore[no-any-return]


class StampKeeper:
    """Keeps the kernel stamping for as long as it is open.

    The kernel stamps packets only while some socket wants it, and switches stamping on from a work queue: the
    first packets of the first such socket come unstamped. One idle socket that wants stamps avoids that.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stamping = enable(self._socket)

    def close(self) -> None:
        self._socket.close()
