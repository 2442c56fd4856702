"""Events as frames of `application/vnd.amazon.eventstream`, as Bedrock sends them.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html: the length of the frame and of its
headers, the CRC-32 of both, headers, payload, and the CRC-32 of all before.
"""

from base64 import b64encode
from struct import pack
from zlib import crc32

from probe.simulator.behaviour import Behaviour
from probe.simulator.speech import Event

_TEXT = b"\x07"


class Frames:
    """An event a frame. `!name` is an exception, `!!name` an error, which has its message in a header."""

    media_type = "application/vnd.amazon.eventstream"

    def __init__(self, _behaviour: Behaviour) -> None:
        pass

    def framed(self, event: Event) -> bytes:
        kind = {":content-type": "application/json"}
        if event.name.startswith("!!"):
            failed = {":error-code": event.name[2:], ":error-message": event.data.decode()}
            return _frame({**failed, ":message-type": "error"}, b"")
        if event.name.startswith("!"):
            failed = {":exception-type": event.name[1:], **kind, ":message-type": "exception"}
            return _frame(failed, event.data)
        return _frame({":event-type": event.name, **kind, ":message-type": "event"}, event.data)

    def unended(self, data: bytes) -> bytes:
        return data

    def damaged(self, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 0xFF])


class ChunkFrames(Frames):
    """The events of another API in base64, each in a frame of the type `chunk`."""

    def framed(self, event: Event) -> bytes:
        if event.name.startswith("!"):
            return super().framed(event)
        return super().framed(Event("chunk", b'{"bytes":"%b","p":"abcdefgh"}' % b64encode(event.data)))


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    named = b"".join(
        [
            bytes([len(name)]) + name.encode() + _TEXT + pack(">H", len(value.encode())) + value.encode()
            for name, value in headers.items()
        ]
    )
    lengths = pack(">II", len(named) + len(payload) + 16, len(named))
    frame = lengths + pack(">I", crc32(lengths)) + named + payload
    return frame + pack(">I", crc32(frame))
