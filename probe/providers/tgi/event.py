"""The JSON of TGI's own API, as far as it is read: an event of `/generate_stream`, a body of `/generate`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (`StreamResponse`,
`GenerateResponse`, `ErrorResponse`). Decoding is typed first; where a server puts another type than the API
says, the same bytes are decoded again and taken over field by field, what does not fit being left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from probe.providers.values import decode_object, fitted


class Token(msgspec.Struct, gc=False):
    """`special` ones (the end of the sequence, turns of a chat) are no text of the answer."""

    text: str | None = None
    special: bool | None = None


class Details(msgspec.Struct, gc=False):
    """`input_length` comes in streams only."""

    finish_reason: str | None = None
    generated_tokens: int | None = None
    input_length: int | None = None


class Event(msgspec.Struct, gc=False):
    """`generated_text` is the whole text: in the last event of a stream, and in a body."""

    token: Token | None = None
    generated_text: str | None = None
    details: Details | None = None
    error: Any = None
    error_type: str | None = None


_decode = msgspec.json.Decoder(Event).decode


def decode_event(data: bytes) -> Event:
    """One event, or a whole body. Raises ValueError, one line, where it is no JSON object in UTF-8.

    A body may be a list of one, as the endpoint `/` and the Hub's Inference API answer.
    """
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        stripped = data.strip()
        if stripped.startswith(b"[") and stripped.endswith(b"]"):
            data = stripped[1:-1]
        return fitted(Event, decode_object(data))
