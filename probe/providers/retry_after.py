"""How long a provider asks to be left alone, in whichever of its ways it says so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 86_400.0

_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_GO_PART = r"[0-9]+(?:\.[0-9]*)?(?:h|ms|m|us|µs|μs|ns|s)"
_GO_DURATION = re.compile(f"(?:{_GO_PART})+")
_GO_PARTS = re.compile(r"([0-9]+(?:\.[0-9]*)?)(h|ms|m|us|µs|μs|ns|s)")
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?")
_ADVICE = re.compile(
    rf"(?i)\b(?:try again|retry) (?:in|after) ((?:{_GO_PART})+|[0-9]+(?:\.[0-9]+)?(?= ?seconds?\b))"
)
_RESET_PREFIX = "x-ratelimit-reset"


def asked_wait(headers: Mapping[str, str], message: str, now: datetime) -> float | None:
    """Seconds that the provider asks to wait, at most a day; None where it asks for nothing.

    Looked at in this order: `retry-after-ms` (OpenAI), `retry-after` as seconds or as an HTTP date (RFC
    9110 §10.2.3), "try again in 7.6s" in the message. `now` is the date of the answer; its own `date`
    header, by the provider's clock, is preferred.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = (headers.get("retry-after") or "").strip()
    seconds = _number(value)
    if seconds is None:
        seconds = _duration(value)
    if seconds is None:
        seconds = _until(value, _date(headers.get("date")) or now)
    if seconds is None:
        advice = _ADVICE.search(message)
        seconds = None if advice is None else _first(_duration(advice[1]), _number(advice[1]))
    return None if seconds is None else _bounded(seconds)


def wait_for_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limits that are used up are reset, by `x-ratelimit-reset-*`; None where nothing says.

    A reset is a Go duration ("1m2.5s", OpenAI and Groq), seconds, or an instant since the epoch in seconds or
    milliseconds (OpenRouter). Where no `x-ratelimit-remaining-*` is 0, the nearest reset is taken.
    """
    waits: dict[str, float] = {}
    for name, value in headers.items():
        if name.startswith(_RESET_PREFIX):
            seconds = _reset_seconds(value.strip(), now)
            if seconds is not None:
                waits[name.removeprefix(_RESET_PREFIX)] = seconds
    used_up = [
        seconds
        for what, seconds in waits.items()
        if _number(headers.get(f"x-ratelimit-remaining{what}")) == 0
    ]
    if used_up:
        return _bounded(max(used_up))
    return _bounded(min(waits.values())) if waits else None


def _reset_seconds(value: str, now: datetime) -> float | None:
    number = _number(value)
    if number is None:
        return _first(_duration(value), _until(value, now))
    if number > 1e11:
        return number / 1000 - now.timestamp()
    return number - now.timestamp() if number > 1e9 else number


def _duration(text: str) -> float | None:
    """A Go duration (https://pkg.go.dev/time#ParseDuration) in seconds."""
    if not _GO_DURATION.fullmatch(text):
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PARTS.findall(text))


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def _until(text: str, now: datetime) -> float | None:
    date = _date(text)
    return None if date is None else (date - now).total_seconds()


def _date(text: str | None) -> datetime | None:
    """An HTTP date or an RFC 3339 one."""
    if not text:
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = parse(text.strip())
        except (ValueError, OverflowError):
            continue
        return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else None
