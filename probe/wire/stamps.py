"""The kernel's stamps: when bytes came in, and when the last byte of a request went out.

With SO_TIMESTAMPING on a TCP socket, `recvmsg` says when the kernel received the last packet of what it
returns, and the socket's error queue says when a marked byte was given to the network device; both on the
wall clock, on Linux, without privilege (https://docs.kernel.org/networking/timestamping.html). Where the
option is missing, no stamp comes, and the caller reads a clock at the system call instead.
"""

import asyncio
import socket
import struct
import sys

from probe.lib.clock import NS_PER_SECOND

Ancillary = list[tuple[int, int, bytes]]

# asm-generic/socket.h and linux/net_tstamp.h; Python has no names for them. The number of the option is also
# the type of its messages: three timespecs, of which the first is the kernel's own.
_SO_TIMESTAMPING = 37
_TX_SOFTWARE = 1 << 1
_RX_SOFTWARE = 1 << 3
_SOFTWARE = 1 << 4
_OPT_ID = 1 << 7
_OPT_TSONLY = 1 << 11

_TIMESPEC = struct.Struct("@ll")
# Seconds and nanoseconds.
unpack_timespec = _TIMESPEC.unpack_from

# linux/errqueue.h, sock_extended_err: errno, origin, type, code, padding, info, data.
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_ORIGIN_TIMESTAMPING = 4

_SETTLING_TRIES = 100
_SETTLING_PAUSE_SECONDS = 0.001

_supported = sys.platform == "linux"

ANCILLARY_BYTES = socket.CMSG_SPACE(3 * _TIMESPEC.size) if _supported else 0
_ERROR_QUEUE_BYTES = 512

# Given along with `sendmsg`: stamp the last byte of this.
STAMP_LAST_BYTE: Ancillary = [(socket.SOL_SOCKET, _SO_TIMESTAMPING, struct.pack("=I", _TX_SOFTWARE))]


def enable(sock: socket.socket) -> bool:
    """Ask for stamps of what comes in, before the first packet. False where the system has none to give."""
    return _set(sock, _RX_SOFTWARE | _SOFTWARE | _OPT_TSONLY)


def enable_sending(sock: socket.socket) -> bool:
    """Ask for stamps of what goes out, too. From here on, the bytes that are sent are numbered from 0.

    To be called once it is connected and nothing has been sent.
    """
    return _set(sock, _RX_SOFTWARE | _SOFTWARE | _OPT_TSONLY | _OPT_ID)


def _set(sock: socket.socket, flags: int) -> bool:
    if not _supported:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)
    except OSError:
        return False
    return True


def received_wall_ns(ancillary: Ancillary) -> int | None:
    """The stamp that came with a `recvmsg`, the only message requested; None if it is missing."""
    if not ancillary:
        return None
    seconds, nanoseconds = unpack_timespec(ancillary[0][2])
    return seconds * NS_PER_SECOND + nanoseconds  # type: ignore[no-any-return]


def sent_wall_ns(sock: socket.socket, byte: int) -> int | None:
    """When the byte of that number was given to the network device; None while that is not known.

    Takes what is in the error queue up to that stamp. The first time counts where the byte was sent again.
    """
    while True:
        try:
            _, ancillary, _, _ = sock.recvmsg(0, _ERROR_QUEUE_BYTES, socket.MSG_ERRQUEUE)
        except OSError:
            return None
        if _numbered(ancillary) == byte & 0xFFFFFFFF:
            return _stamp_among(ancillary)


def _numbered(ancillary: Ancillary) -> int | None:
    """The number of the byte that a message of the error queue is about."""
    for level, _, data in ancillary:
        if level != socket.SOL_SOCKET and len(data) >= _EXTENDED_ERROR.size:
            _, origin, _, _, _, _, number = _EXTENDED_ERROR.unpack_from(data)
            if origin == _ORIGIN_TIMESTAMPING:
                return int(number)
    return None


def _stamp_among(ancillary: Ancillary) -> int | None:
    return received_wall_ns([message for message in ancillary if message[:2] == STAMP_LAST_BYTE[0][:2]])


class StampKeeper:
    """Keeps the kernel stamping for as long as it is open.

    The kernel stamps packets only while some socket wants it, and switches stamping on from a work queue,
    milliseconds later: the first packets of the first such socket come unstamped. So one idle socket stays
    open, and is asked whether stamping has begun.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._settled = not enable(self._socket)

    async def settle(self) -> None:
        """Return once packets are stamped, or it is clear that they never will be; at once from then on."""
        tries = 0
        while not self._settled:
            tries += 1
            self._settled = self._is_stamping() or tries == _SETTLING_TRIES
            if not self._settled:
                await asyncio.sleep(_SETTLING_PAUSE_SECONDS)

    def _is_stamping(self) -> bool:
        """A datagram to ourselves comes back with a stamp."""
        try:
            if self._socket.getsockname()[1] == 0:
                self._socket.bind(("127.0.0.1", 0))
            self._socket.sendto(b"?", self._socket.getsockname())
            _, ancillary, _, _ = self._socket.recvmsg(1, ANCILLARY_BYTES)
        except OSError:
            return False
        return bool(ancillary)

    def close(self) -> None:
        self._socket.close()
