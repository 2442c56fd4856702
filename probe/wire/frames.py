"""What the daemon and the stopwatch process say to each other: a length, then a message in MessagePack.

Both ends are the same version of this program, so the messages carry no version.
"""

import asyncio
import struct

import msgspec

from probe.wire.capture import Capture
from probe.wire.request import WireRequest

_LENGTH = struct.Struct(">I")


class Begin(msgspec.Struct, frozen=True, tag=True):
    """To the stopwatch: carry this out. Answered by one `Finished` of the same number, unless cancelled."""

    number: int
    request: WireRequest


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """To the stopwatch: break off; nobody waits for the capture any more."""

    number: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From the stopwatch, once, before anything else."""


class Finished(msgspec.Struct, frozen=True, tag=True):
    """From the stopwatch: the exchange is over."""

    number: int
    capture: Capture


Order = Begin | Cancel
Report = Ready | Finished

_encoder = msgspec.msgpack.Encoder()
orders = msgspec.msgpack.Decoder(Order)
reports = msgspec.msgpack.Decoder(Report)


def write(writer: asyncio.StreamWriter, message: Order | Report) -> None:
    """Hand a message to the stream; `drain` it where many may pile up."""
    payload = _encoder.encode(message)
    writer.write(_LENGTH.pack(len(payload)) + payload)


async def read(reader: asyncio.StreamReader) -> bytes | None:
    """The next message, still encoded; None at the end of the stream, in whatever manner it ends."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None
