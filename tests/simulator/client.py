"""A client that hides nothing: raw sockets, every byte kept, and how the connection ended."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.servers.simulator import RunningSimulator

QUICK = "ttft_ms=4&gap_ms=1&tokens=4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`raw` is everything received. `whole`: the body came to the end that its framing promised."""

    raw: bytes
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    end: Literal["eof", "reset"]
    received_ns: int
    id: str

    def events(self) -> list[bytes]:
        """The data of every event of the stream."""
        text = self.body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = [line for line in text.split(b"\n") if line.startswith(b"data:")]
        return [line.removeprefix(b"data:").removeprefix(b" ") for line in lines]

    def chunks(self) -> list[dict[str, Any]]:
        """Every event that is JSON."""
        return [json.loads(data) for data in self.events() if data != b"[DONE]"]

    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks() for choice in chunk.get("choices", [])]

    def text(self, field: str = "content") -> str:
        return "".join(delta.get(field) or "" for delta in self.deltas())

    def finish_reasons(self) -> list[str]:
        found = [choice["finish_reason"] for chunk in self.chunks() for choice in chunk.get("choices", [])]
        return [reason for reason in found if reason is not None]

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    simulator: RunningSimulator,
    model: str,
    *,
    stream: bool = True,
    fields: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/v1/chat/completions",
) -> Answer:
    """One question on a connection of its own, read to the end of the connection."""
    request_id = f"test-{time.monotonic_ns()}"
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(question(model, request_id, stream=stream, fields=fields, headers=headers, path=path))
        return read_answer(sock, request_id)


def question(
    model: str,
    request_id: str,
    *,
    stream: bool = True,
    fields: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/v1/chat/completions",
    version: str = "1.1",
) -> bytes:
    """The bytes of a request that asks for its connection to be closed, unless `headers` say otherwise."""
    messages = [{"role": "user", "content": "What time is it?"}]
    body = json.dumps({"model": model, "messages": messages, "stream": stream, **(fields or {})}).encode()
    sent = {
        "host": "simulator",
        "connection": "close",
        "x-client-request-id": request_id,
        "content-length": str(len(body)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST {path} HTTP/{version}\r\n{head}\r\n".encode() + body


def read_answer(sock: socket.socket, request_id: str = "") -> Answer:
    parts: list[bytes] = []
    end: Literal["eof", "reset"] = "eof"
    while True:
        try:
            data = sock.recv(65536)
        except ConnectionResetError:
            end = "reset"
            break
        if not data:
            break
        parts.append(data)
    return parsed(b"".join(parts), end, request_id)


def parsed(raw: bytes, end: Literal["eof", "reset"], request_id: str = "") -> Answer:
    received_ns = time.monotonic_ns()
    head, found, payload = raw.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"HTTP/1.1 "):
        return Answer(
            raw=raw,
            status=None,
            headers={},
            body=b"",
            whole=False,
            end=end,
            received_ns=received_ns,
            id=request_id,
        )
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    body, whole = payload, end == "eof"
    if headers.get("transfer-encoding") == "chunked":
        body, whole = dechunked(payload)
    elif "content-length" in headers:
        whole = len(payload) == int(headers["content-length"])
    return Answer(
        raw=raw,
        status=int(lines[0].split(" ")[1]),
        headers=headers,
        body=body,
        whole=whole,
        end=end,
        received_ns=received_ns,
        id=request_id,
    )


def dechunked(payload: bytes) -> tuple[bytes, bool]:
    """The body, and whether its last chunk came."""
    body = b""
    while True:
        size_text, found, rest = payload.partition(b"\r\n")
        if not found:
            return body, False
        size = int(size_text, 16)
        if size == 0:
            return body, rest == b"\r\n"
        body += rest[:size]
        if len(rest) < size + 2:
            return body, False
        assert rest[size : size + 2] == b"\r\n"
        payload = rest[size + 2 :]
