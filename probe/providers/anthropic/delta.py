"""The event that a stream is full of, `content_block_delta`, decoded by type.

Every other event, and one that has another type somewhere than the API says, is decoded without types.
"""

from __future__ import annotations

import msgspec


class Delta(msgspec.Struct, gc=False):
    """What is added to a block; which of the texts is there depends on `type`."""

    type: str
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class DeltaEvent(msgspec.Struct, gc=False, tag="content_block_delta", tag_field="type"):
    delta: Delta


_decode = msgspec.json.Decoder(DeltaEvent).decode


def decode_delta(data: bytes) -> Delta | None:
    """The delta, where the event is one and what the API says."""
    try:
        return _decode(data).delta
    except (ValueError, RecursionError):
        return None
