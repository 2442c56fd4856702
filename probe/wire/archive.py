"""Captures as files: JSON that a person can read, one piece of the response after another with its instant.

Bytes that are UTF-8 are written as `text`, others as `base64`; nothing is lost either way.
"""

import base64
import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from probe.errors import CaptureError
from probe.lib.clock import ClockPair
from probe.wire.capture import Arrival, Capture, StampSource, WireFailure
from probe.wire.stalls import Stall

_FORMAT: Literal["inference-probe capture"] = "inference-probe capture"
_VERSION: Literal[1] = 1

# Fields that look the same in the file as in the Capture.
_PLAIN = (
    "method",
    "url",
    "clock_start",
    "clock_end",
    "started_ns",
    "dns_ns",
    "connected_ns",
    "proxied_ns",
    "tls_ns",
    "send_ns",
    "sent_ns",
    "end_ns",
    "planned_ns",
    "stamps",
    "reused",
    "peer_address",
    "tls_version",
    "tls_cipher",
    "http_version",
    "proxy",
    "max_response_bytes",
    "loop_lag_ns",
    "failure",
    "stalls",
    "redirected_ns",
)


class _Bytes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    text: str | None = None
    base64: str | None = None


class _Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    at_ns: int
    text: str | None = None
    base64: str | None = None


class _Head(msgspec.Struct, frozen=True):
    format: Literal["inference-probe capture"]
    version: int


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal["inference-probe capture"] = _FORMAT
    version: Literal[1] = _VERSION
    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: _Bytes
    clock_start: ClockPair
    clock_end: ClockPair
    started_ns: int
    dns_ns: int | None
    connected_ns: int | None
    proxied_ns: int | None
    tls_ns: int | None
    send_ns: int | None
    sent_ns: int | None
    end_ns: int
    planned_ns: int | None
    stamps: StampSource
    reused: bool
    peer_address: str | None
    tls_version: str | None
    tls_cipher: str | None
    http_version: str | None
    proxy: str | None
    loop_lag_ns: int | None
    failure: WireFailure | None
    stalls: tuple[Stall, ...] = ()
    max_response_bytes: int | None = None
    redirected_ns: int | None = None
    received: list[_Piece]


def save_capture(path: Path, capture: Capture) -> None:
    """Write `capture` to a file, in one step: a crash leaves the old file or the new one.

    Raises OSError, and CaptureError where the arrivals do not account for the bytes.
    """
    document = _File(
        request_headers=[
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in capture.request_headers
        ],
        request_body=_Bytes(**_readable(capture.request_body)),
        received=_pieces(capture),
        **{name: getattr(capture, name) for name in _PLAIN},
    )
    text = msgspec.json.format(msgspec.json.encode(document), indent=2)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    # What was asked and answered is in it: for nobody else's eyes.
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text + b"\n")
    unfinished.replace(path)


def load_capture(path: Path) -> Capture:
    """Read a file of `save_capture`. Raises CaptureError, in one line, for any other."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise CaptureError(f"{path}: {exc.strerror}") from exc
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.version != _VERSION:
            raise CaptureError(f"{path}: version {head.version} is not known here, only {_VERSION}")
        document = msgspec.json.decode(data, type=_File)
        pieces = [(piece.at_ns, _bytes_of(piece)) for piece in document.received]
        return Capture(
            request_headers=tuple(
                (n.encode("latin-1"), v.encode("latin-1")) for n, v in document.request_headers
            ),
            request_body=_bytes_of(document.request_body),
            received=b"".join(piece for _, piece in pieces),
            arrivals=tuple(Arrival(at_ns, len(piece)) for at_ns, piece in pieces),
            **{name: getattr(document, name) for name in _PLAIN},
        )
    except (msgspec.MsgspecError, ValueError) as exc:
        raise CaptureError(f"{path}: no capture: {exc}") from exc


def _pieces(capture: Capture) -> list[_Piece]:
    pieces: list[_Piece] = []
    start = 0
    for at_ns, size in capture.arrivals:
        piece = capture.received[start : start + size]
        pieces.append(_Piece(at_ns=at_ns, **_readable(piece)))
        start += size
    if start != len(capture.received) or any(size < 0 for _, size in capture.arrivals):
        raise CaptureError("the arrivals of the capture do not account for its bytes")
    return pieces


def _readable(data: bytes) -> dict[str, Any]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _bytes_of(value: _Bytes | _Piece) -> bytes:
    if value.text is not None:
        return value.text.encode("utf-8")
    return base64.b64decode(value.base64 or "", validate=True)
