"""What an error says, in whichever of the shapes that providers put it: pure, and total over any bytes."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from probe.lib.printable import page_title
from probe.providers.values import items, mapping

_LARGEST_TEXT = 65_536
_DEEPEST = 6

# Names of the same thing, the first that has a value wins.
_MESSAGES = (
    *("message", "error_message", "errorMessage", "error_msg", "Message", "msg", "status_msg"),
    *("error_description", "faultstring", "error", "detail", "title", "reason", "description"),
    # Bedrock's, of a model behind it.
    "originalMessage",
)
_CODES = ("code", "error_code", "errorCode", "Code", "status_code", "err_code")
_TYPES = ("type", "error_type", "errorType", "__type", "status", "kind")
# Where the error itself is, if it is not here.
_ENVELOPES = ("error", "errors", "fault", "base_resp", "Error")
# What an object has that is an error, and no part of an answer.
_MARKS = (
    *("error", "errors", "error_type", "error_message", "error_msg", "error_code", "errorMessage"),
    *("fault", "base_resp"),
)
# A line that is no field and has one of the latter, but none of the former, is an error.
_ANSWERS = frozenset({"choices", "candidates", "done", "model", "token", "id"})
_SAID = ("message", "detail", "msg")

_FIELD = re.compile(rb"(?:data|error):")
_HTTP_STATUS = re.compile(rb"(?m)^:\s?HTTP_STATUS/([45]\d\d)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorObject:
    """What an error object says. `status` is its code if that is an HTTP status (OpenRouter, Gemini).

    `reasons` are those of its details (Google's `ErrorInfo`). `delay` is how long it requests to wait: a
    duration as it is written (Gemini), a number of seconds, or an instant.
    """

    message: str
    code: str = ""
    type: str = ""
    reasons: tuple[str, ...] = ()
    status: int | None = None
    delay: str = ""

    @property
    def names(self) -> Iterator[str]:
        """Code, type and reasons in lower case: what a machine is to read."""
        return (name.lower() for name in (self.code, self.type, *self.reasons) if name)

    @property
    def words(self) -> str:
        return " ".join((self.code, self.type, *self.reasons, self.message))[:2000]

    @property
    def text(self) -> str:
        """The message for a person, with the reasons that it does not mention."""
        said = self.message or self.code or self.type
        untold = [reason for reason in self.reasons if reason.lower() not in said.lower()]
        return f"{said} ({', '.join(untold)})" if said and untold else said or ", ".join(untold)


def read_error(body: bytes) -> ErrorObject:
    """The error in a response body: JSON of any shape, events of a stream, an HTML page, or plain text."""
    text = body[:_LARGEST_TEXT].decode("utf-8", "replace").strip().removeprefix("\ufeff")
    if text[:1] in ("{", "["):
        try:
            return error_object(json.loads(body.strip().removeprefix(b"\xef\xbb\xbf")))
        except (ValueError, RecursionError):
            return ErrorObject(message=text)
    if text[:1] == "<":
        return ErrorObject(message=page_title(text))
    return stray_error(body) or ErrorObject(message=text)


def error_object(value: object) -> ErrorObject:
    """The error in a JSON value: `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `{"detail": …}`, …

    Any of them may be in a list, or in JSON that is itself a text.
    """
    return _found(value, _DEEPEST)


def _found(value: object, depth: int) -> ErrorObject:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return ErrorObject(message=_text(value))
    envelope = next((name for name in _ENVELOPES if isinstance(value.get(name), dict | list)), None)
    if envelope is not None and depth and (inner := value[envelope]):
        found = _found(inner, depth - 1)
        # MiniMax's numbers are others' too, with other meanings.
        named = f"{envelope}.{found.code}" if envelope == "base_resp" and found.code else found.code
        return replace(found, code=named, delay=found.delay or _delay(value))
    code = _first(value, _CODES)
    found = ErrorObject(
        message=_message(value),
        code=_text(code),
        type=_text(_first(value, _TYPES)),
        reasons=tuple(_reasons(value)),
        status=_status(code) or _status(value.get("status")),
        delay=_delay(value),
    )
    nested = _nested(found.message) if depth else None
    return found if nested is None else _both(found, _found(nested, depth - 1))


def _both(outer: ErrorObject, inner: ErrorObject) -> ErrorObject:
    """An error whose message is another one, as JSON: that one's words, under either's names."""
    return ErrorObject(
        message=inner.message or outer.message,
        code=inner.code or outer.code,
        type=inner.type or outer.type,
        reasons=(*outer.reasons, *inner.reasons),
        status=outer.status or inner.status,
        delay=outer.delay or inner.delay,
    )


def _nested(message: str) -> object | None:
    if not message.startswith(("{", "[")):
        return None
    try:
        value: object = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and any(name in value for name in (*_MARKS, "message")) else None


def _message(value: Mapping[str, Any]) -> str:
    message = _text(_first(value, _MESSAGES))
    metadata = value.get("metadata")
    # OpenRouter: "Provider returned error", and what the provider said beside it.
    raw = _text(metadata.get("raw")) if isinstance(metadata, dict) else ""
    if not raw:
        # Azure's filter and others put what really happened one level down.
        inner = value.get("innererror") or value.get("inner_error")
        raw = _text(inner.get("message")) if isinstance(inner, dict) else ""
    return f"{message}: {raw}" if raw and raw not in message else message


def _reasons(value: Mapping[str, Any]) -> Iterator[str]:
    """`google.rpc.ErrorInfo` among the details, Google's older `errors`, Azure's `innererror`."""
    for detail in (*items(value.get("details")), *items(value.get("errors"))):
        if isinstance(reason := detail.get("reason"), str) and reason:
            yield reason[:100]
    inner = value.get("innererror")
    if isinstance(inner, dict) and isinstance(code := inner.get("code"), str):
        yield code[:100]


def _delay(value: Mapping[str, Any]) -> str:
    """How long to wait, out of the body (https://cloud.google.com/apis/design/errors, and gateways)."""
    for detail in items(value.get("details")):
        for place in (detail, mapping(detail.get("metadata"))):
            for name in ("retryDelay", "quotaResetDelay", "quotaResetTimeStamp"):
                if isinstance(delay := place.get(name), str) and delay:
                    return delay
    metadata = mapping(value.get("metadata"))
    for place in (value, metadata, mapping(metadata.get("headers"))):
        for name, sent in place.items():
            unit = _DELAYS.get(name.lower().replace("-", "_"))
            if unit is not None and isinstance(sent, int | float | str) and not isinstance(sent, bool):
                return f"{sent}{unit}" if _is_number(sent) else str(sent)
    return ""


# The unit of a number under that name; without one it is seconds, or an instant if it is large.
_DELAYS: Mapping[str, str] = {
    "retry_after": "",
    "retryafter": "",
    "retry_after_seconds": "s",
    "retry_after_ms": "ms",
    "retryafterms": "ms",
    "retry_in": "",
    "resets_in_seconds": "s",
    "reset_in_seconds": "s",
    "reset_after_seconds": "s",
    "reset_after": "",
    "resets_at": "",
    "reset_at": "",
    "resetsat": "",
    "reset_time": "",
    "next_flush_time": "",
    # Hugging Face, while it loads a model.
    "estimated_time": "s",
    "x_ratelimit_reset": "",
}


def stray_error(body: bytes) -> ErrorObject | None:
    """The first error in a stream that its events did not tell; None if there is none.

    A field `error`, a line of JSON that is no field, an error inside of a choice or under names of its own,
    or no more than a comment with the status (DashScope).
    """
    status = http_status(body)
    for value in _candidates(body[: 4 * _LARGEST_TEXT]):
        found = _error_within(value)
        if found is not None:
            return found if found.status else replace(found, status=status)
    return None if status is None else ErrorObject(message=f"HTTP_STATUS/{status}", status=status)


def http_status(body: bytes) -> int | None:
    """The status in a comment of the stream; None if none is told."""
    found = _HTTP_STATUS.search(body[:_LARGEST_TEXT])
    return None if found is None else int(found[1])


def _candidates(body: bytes) -> Iterator[object]:
    """What may be an error: the JSON of each line, or of each line and those below it up to a blank one."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for number, line in enumerate(lines):
        field = _FIELD.match(line)
        data = line[field.end() :].strip() if field is not None else line.strip()
        is_error = field is not None and field[0] == b"error:"
        if not data.startswith((b"{", b"[{")) and data != b"[":
            if is_error and data:
                yield {"error": data.decode("utf-8", "replace")}
            continue
        if field is None and data in (b"{", b"[", b"[{"):
            below = lines[number : number + 200]
            data = b"\n".join(below[: below.index(b"")] if b"" in below else below)
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list):
            value = next(iter(items(value)), None)
        if isinstance(value, dict):
            bare = not _ANSWERS & value.keys() and isinstance(_first(value, _SAID), str)
            yield {"error": value} if (is_error or bare) and not value.get("error") else value


def _error_within(value: object) -> ErrorObject | None:
    if not isinstance(value, dict):
        return None
    for choice in items(value.get("choices")):
        delta = choice.get("delta") or choice.get("message")
        for place in (choice, delta if isinstance(delta, dict) else {}):
            if place.get("error"):
                return error_object({"error": place["error"]})
    return error_object(value) if any(value.get(name) for name in _MARKS) else None


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((value[name] for name in names if value.get(name) not in (None, "", [], {})), None)


def _status(code: object) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None


def _is_number(value: object) -> bool:
    text = str(value).strip()
    return bool(text) and text.replace(".", "", 1).isdigit()


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
