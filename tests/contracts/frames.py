"""Frames of `application/vnd.amazon.eventstream`, as AWS writes them."""

from __future__ import annotations

import json
from base64 import b64encode
from struct import pack
from typing import Any
from zlib import crc32

MEDIA_TYPE = "application/vnd.amazon.eventstream"


def raw_frame(headers: bytes, payload: bytes) -> bytes:
    lengths = pack(">II", len(headers) + len(payload) + 16, len(headers))
    head = lengths + pack(">I", crc32(lengths))
    frame = head + headers + payload
    return frame + pack(">I", crc32(frame))


def text_headers(**headers: str) -> bytes:
    """Headers of type 7, which is text; `_` stands for `-`, and a colon comes before each."""
    named = ((b":" + name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return b"".join(bytes([len(n)]) + n + b"\x07" + pack(">H", len(v)) + v for n, v in named)


def frame(kind: str, data: Any) -> bytes:
    headers = text_headers(event_type=kind, content_type="application/json", message_type="event")
    return raw_frame(headers, json.dumps(data, ensure_ascii=False).encode())


def exception(kind: str, message: str) -> bytes:
    headers = text_headers(exception_type=kind, content_type="application/json", message_type="exception")
    return raw_frame(headers, json.dumps({"message": message}).encode())


def error(code: str, message: str) -> bytes:
    return raw_frame(text_headers(error_code=code, error_message=message, message_type="error"), b"")


def chunk(event: Any) -> bytes:
    """An event of another grammar in base64, with padding beside it."""
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return frame("chunk", {"bytes": b64encode(data).decode(), "p": "abcdefgh"})
