"""Bytes of HTTP/1.1: heads, chunks, and cuts that a writer makes into them."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec

from probe.simulator.answer import Budget
from probe.simulator.behaviour import Behaviour
from probe.simulator.request import Ask

LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GARBAGE = b"\x15\x03\x01\x00\x02\x02\x50 this is no HTTP\r\n\r\n"

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"


def head(
    status: int,
    content_type: str,
    headers: Iterable[tuple[str, str]],
    *,
    keep_alive: bool,
    chunked: bool = False,
    length: int | None = None,
) -> bytes:
    """A response head. Neither chunked nor with a length: the body ends with the connection."""
    lines = [f"HTTP/1.1 {status} {reason(status)}", f"content-type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if chunked:
        lines.append("transfer-encoding: chunked")
    elif length is not None:
        lines.append(f"content-length: {length}")
    lines.append("connection: keep-alive" if keep_alive else "connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def chunk(data: bytes) -> bytes:
    """Data as one chunk of the chunked coding. No data gives no bytes: an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def cut(data: bytes, pieces: int) -> list[bytes]:
    """Data in at most `pieces` parts of about one length.

    Where there is a multi-byte UTF-8 sequence, the cut before it moves into it.
    """
    places = {len(data) * part // pieces for part in range(1, pieces)}
    inside = _inside_character(data)
    if inside and places:
        places.remove(min(places, key=lambda place: abs(place - inside)))
        places.add(inside)
    ends = sorted(places - {0, len(data)})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def _inside_character(data: bytes) -> int | None:
    """The position after the first lead byte of a multi-byte sequence."""
    return next((index + 1 for index, byte in enumerate(data) if byte >= 0xC0), None)


NEWLINES = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
OPENINGS = {
    "role": b'{"role":"assistant"}',
    "null_content": b'{"role":"assistant","content":null}',
    "empty": b'{"role":"assistant","content":""}',
}

_encode = msgspec.json.encode


class Events:
    """Makes the server-sent events of one streamed answer."""

    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        self._newline = NEWLINES[behaviour.newline]
        self._data = b"data: " if behaviour.data_space else b"data:"
        self._field = _encode(behaviour.reasoning_field)
        head: dict[str, object] = {
            "id": ask.id,
            "object": "chat.completion.chunk",
            "created": ask.created_seconds,
            "model": behaviour.served_model or ask.model.partition("?")[0],
        }
        if behaviour.system_fingerprint is not None:
            head["system_fingerprint"] = behaviour.system_fingerprint
        self._head = _encode(head)[:-1]

    def event(self, data: bytes) -> bytes:
        newline = self._newline
        return b"%b%b%b%b" % (self._data, data, newline, newline)

    def delta(
        self, delta: bytes, finish_reason: str | None = None, extra: Mapping[str, object] | None = None
    ) -> bytes:
        """An event with one choice; `extra` are fields beside `choices`."""
        finish = b"null" if finish_reason is None else _encode(finish_reason)
        return self.event(
            b'%b,"choices":[{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b}]%b'
            % (self._head, delta, finish, _tail(extra))
        )

    def output(self, text: str, *, answer: bool) -> bytes:
        """The delta that carries a piece of the answer or of the reasoning."""
        if answer:
            return b'{"content":%b}' % _encode(text)
        return b"{%b:%b}" % (self._field, _encode(text))

    def usage(self, usage: Mapping[str, object]) -> bytes:
        """The last chunk of OpenAI's: no choice, only counts."""
        return self.event(b'%b,"choices":[]%b' % (self._head, _tail({"usage": usage})))

    def comment(self) -> bytes:
        return b": OPENROUTER PROCESSING" + self._newline + self._newline

    def named_error(self, error: bytes) -> bytes:
        return b"event: error" + self._newline + self.event(error)

    def done(self) -> bytes:
        return self.event(b"[DONE]")

    def without_last_newlines(self, data: bytes) -> bytes:
        return data.rstrip(self._newline)


def _tail(extra: Mapping[str, object] | None) -> bytes:
    """The end of a JSON object that began elsewhere."""
    return b"," + _encode(extra)[1:] if extra else b"}"


def usage_fields(behaviour: Behaviour, ask: Ask, tokens: Budget) -> dict[str, object]:
    """The usage object; all zero where the behaviour says so."""
    if behaviour.usage == "zero":
        return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    output = tokens.reasoning + tokens.answer
    charged = {} if behaviour.charged_usd is None else {"cost": behaviour.charged_usd}
    return {
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": ask.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": min(behaviour.cached_tokens, ask.prompt_tokens)},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
        **charged,
    }
