"""How long a provider asks to be left alone, in whichever of its ways it says so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

from probe.header_time import GO_PART, date_of, duration_seconds, number, reset_seconds, seconds_until

LONGEST_SECONDS = 86_400.0

_ADVICE = re.compile(
    rf"(?i)\b(?:try again|retry) (?:in|after) ((?:{GO_PART})+|[0-9]+(?:\.[0-9]+)?(?= ?seconds?\b))"
)
_RESET_PREFIX = "x-ratelimit-reset"


def asked_wait(headers: Mapping[str, str], message: str, now: datetime) -> float | None:
    """Seconds that the provider asks to wait, at most a day; None where it asks for nothing.

    Looked at in this order: `retry-after-ms` (OpenAI), `retry-after` as seconds or as an HTTP date (RFC
    9110 §10.2.3), "try again in 7.6s" in the message. `now` is the date of the answer; its own `date`
    header, by the provider's clock, is preferred.
    """
    milliseconds = number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = (headers.get("retry-after") or "").strip()
    seconds = number(value)
    if seconds is None:
        seconds = duration_seconds(value)
    if seconds is None:
        seconds = seconds_until(value, date_of(headers.get("date")) or now)
    if seconds is None:
        advice = _ADVICE.search(message)
        seconds = None if advice is None else _first(duration_seconds(advice[1]), number(advice[1]))
    return None if seconds is None else _bounded(seconds)


def wait_for_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limits that are used up are reset, by `x-ratelimit-reset-*`; None where nothing says.

    A reset is a Go duration ("1m2.5s", OpenAI and Groq), seconds, or an instant since the epoch in seconds or
    milliseconds (OpenRouter). Where no `x-ratelimit-remaining-*` is 0, the nearest reset is taken.
    """
    waits: dict[str, float] = {}
    for name, value in headers.items():
        if name.startswith(_RESET_PREFIX):
            seconds = reset_seconds(value, now)
            if seconds is not None:
                waits[name.removeprefix(_RESET_PREFIX)] = seconds
    used_up = [
        seconds
        for what, seconds in waits.items()
        if number(headers.get(f"x-ratelimit-remaining{what}")) == 0
    ]
    if used_up:
        return _bounded(max(used_up))
    return _bounded(min(waits.values())) if waits else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else None
