"""How long a provider asks to be left alone, in whichever of its ways it says so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

from probe.limits.headers import read_rate_limits
from probe.limits.times import GO_PART, date_of, duration_seconds, number, seconds_until

LONGEST_SECONDS = 86_400.0

_ADVICE = re.compile(
    rf"(?i)\b(?:try again|retry) (?:in|after) ((?:{GO_PART})+|[0-9]+(?:\.[0-9]+)?(?= ?seconds?\b))"
)


def asked_wait(headers: Mapping[str, str], message: str, now: datetime, delay: str = "") -> float | None:
    """Seconds that the provider asks to wait, at most a day; None where it asks for nothing.

    Looked at in this order: `retry-after-ms` (OpenAI), `retry-after` as seconds or as an HTTP date (RFC
    9110 §10.2.3), `delay`, which is that of an error object ("34.07s", Gemini), "try again in 7.6s" in the
    message. `now` is the date of the answer; its own `date` header, by the provider's clock, is preferred.
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
        seconds = duration_seconds(delay)
    if seconds is None:
        advice = _ADVICE.search(message)
        seconds = None if advice is None else _first(duration_seconds(advice[1]), number(advice[1]))
    return None if seconds is None else _bounded(seconds)


def wait_for_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limits that are used up are reset, at most a day; None where nothing says.

    `read_rate_limits` says which headers tell. Where nothing remaining is 0, the nearest reset is taken.
    """
    resets = [
        (limit.reset_seconds, limit.remaining)
        for limit in read_rate_limits(headers, now)
        if limit.reset_seconds is not None
    ]
    used_up = [seconds for seconds, remaining in resets if remaining == 0]
    if used_up:
        return _bounded(max(used_up))
    return _bounded(min(seconds for seconds, _ in resets)) if resets else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else None
