"""The JSON of TGI's own API, as far as it is read: an event of `/generate_stream`, a body of `/generate`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (`StreamResponse`,
`GenerateResponse`, `ErrorResponse`). Decoding is typed first; where a server puts another type than the API
says, the same bytes are decoded again and taken over field by field, what does not fit being left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from probe.providers.values import count, decode_object, label, text


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
        return _event(decode_object(data))


def _event(value: Mapping[str, Any]) -> Event:
    return Event(
        token=_token(value.get("token")),
        generated_text=text(value.get("generated_text")),
        details=_details(value.get("details")),
        error=value.get("error"),
        error_type=label(value.get("error_type")),
    )


def _token(value: object) -> Token | None:
    if not isinstance(value, dict):
        return None
    return Token(text=text(value.get("text")), special=value.get("special") is True)


def _details(value: object) -> Details | None:
    if not isinstance(value, dict):
        return None
    return Details(
        finish_reason=label(value.get("finish_reason")),
        generated_tokens=count(value.get("generated_tokens")),
        input_length=count(value.get("input_length")),
    )
