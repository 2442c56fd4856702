"""What servers answer, or why they do not: on one line, for people to read."""

import json
from datetime import datetime
from typing import Final

from probe.errors import ExportError
from probe.lib.secrets import redact
from probe.limits.times import parse_number, seconds_until

_SHOWN_CHARACTERS: Final = 200


def excerpt(text: str) -> str:
    """On one line, without secrets, and not long."""
    text = redact(" ".join(text.split()))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def reason_in_json(text: str) -> str | None:
    """`message`, or `error`, of the object that was answered; None if neither is a text."""
    try:
        read = json.loads(text)
    except ValueError:
        return None
    if not isinstance(read, dict):
        return None
    reason = read.get("message") or read.get("error")
    return excerpt(reason) or None if isinstance(reason, str) else None


def retry_after_seconds(text: str | None, now: datetime) -> float | None:
    """How long a `Retry-After` requests to wait; None if it cannot be understood."""
    if text is None:
        return None
    seconds = parse_number(text)
    if seconds is None:
        seconds = seconds_until(text, now)
    return seconds if seconds is not None and seconds >= 0 else None


def urllib3_reason(error: BaseException) -> str:
    """Of an error of urllib3, without the address of an object in this process, which it puts first."""
    reason = getattr(error, "reason", None)
    text = str(reason if isinstance(reason, Exception) else error)
    return text.partition("object at ")[2].partition(": ")[2] or text if "object at " in text else text


def unreachable_error(server: str, section: str, reason: str, *, otherwise: str) -> ExportError:
    """There was no answer. `section` holds the settings to look at, `otherwise` is the hint in most cases."""
    said = reason.lower()
    hint = otherwise
    if "certificate" in said:
        hint = f"name who signed its certificate in {section}.ca_file, and the host as the certificate does"
    elif "timed out" in said:
        hint = f"is it overloaded, or {section}.timeout_seconds too short?"
    return ExportError(f"{server} cannot be reached: {excerpt(reason)}; {hint}")
