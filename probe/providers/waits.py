"""How long a provider asks to be left alone, however it says so: pure."""

import math
import re
from collections.abc import Mapping
from datetime import datetime

from probe.limits.headers import read_rate_limits
from probe.limits.times import GO_PART, date_of, duration_seconds, parse_number, reset_seconds

LONGEST_WAIT_SECONDS = 86_400.0

_UNITS: Mapping[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPOKEN = (
    r"([0-9]+(?:\.[0-9]+)?)\s*"
    r"(milliseconds?|ms|second[es]*|segundos?|sekunden?|секунд\w*|secs?|s|minut[eosn]*|минут\w*|mins?|m"
    r"|hours?|heures?|horas?|stunden?|час\w*|hrs?|h|days?|d|$)(?![A-Za-z])"
)
# By how a unit begins, the longer first; none is seconds.
_BEGINNINGS = (
    *(("milli", "ms"), ("ms", "ms"), ("st", "h"), ("сек", "s"), ("мин", "m"), ("час", "h"), ("秒", "s")),
    *(("초", "s"), ("分", "m"), ("분", "m"), ("小", "h"), ("時", "h"), ("시", "h"), ("天", "d")),
    *(("s", "s"), ("m", "m"), ("h", "h"), ("d", "d"), ("", "s")),
)
# "try again in 1m4.5s", "retry after 20 seconds", "Retry-After: 20", "请在 20 秒后重试".
_ADVICE = re.compile(
    rf"(?i)\b(?:(?:try\ again|retry|retrying|available(?:\ again)?|resets?|wait)\s(?:again\s)?"
    rf"(?:in|after|for|at\ least)\ |wait\ |retry[-_ ]after[:=]?\ ?"
    rf"|versuchen\ Sie\ es\ in\ |r[ée]essayez\ dans\ "
    rf"|(?:intente\w*|tente)\ (?:de\ nuevo\ |novamente\ )?e[nm]\ |через\ )"
    rf"(?:about\ |approximately\ |at\ least\ |another\ |~)?((?:{GO_PART})+(?![A-Za-z0-9])|{_SPOKEN})"
    r"|([0-9]+)\s*(秒|分钟|分|小时|時間|초|분|시간)\s*(?:后|之后|再|後|후)",
    re.VERBOSE,
)
# "reset at 2026-11-21T12:01:00Z", "您的限额将在 2026-11-21 20:00:00 重置": by a date that has a zone.
_DATE = re.compile(
    r"(?i)(?:resets?(?:\s+(?:at|on))?|after|until|available(?: again)? at|try again at)\s*:?\s*"
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2}| UTC))"
)


def requested_wait(headers: Mapping[str, str], message: str, now: datetime, delay: str = "") -> float | None:
    """Seconds that the provider requests to wait, at most a day; None if it requests nothing.

    Looked at in this order: `retry-after-ms` (OpenAI), `x-ms-retry-after-ms` (Azure), `x-amz-retry-after`
    in milliseconds, `retry-after` as
    seconds, as an HTTP date (RFC 9110 §10.2.3) or as an instant since the epoch; `delay`, which is that of an
    error object; "try again in 7.6s" in the message. `now` is the date of the answer; its own `date` header,
    by the provider's clock, is preferred.
    """
    by_their_clock = date_of(headers.get("date")) or now
    for name in ("retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"):
        milliseconds = parse_number(headers.get(name))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000)
    for text in (headers.get("retry-after"), delay):
        seconds = reset_seconds(text.strip(), by_their_clock) if text and text.strip() else None
        if seconds is not None:
            return _bounded(seconds)
    return _advised(message[:4000], by_their_clock)


def _advised(message: str, now: datetime) -> float | None:
    found = _ADVICE.search(message)
    if found is not None:
        go, count, unit, eastern_count, eastern_unit = found.groups()
        seconds = duration_seconds(go) if go else None
        if seconds is None:
            seconds = float(count or eastern_count) * _unit_seconds(unit or eastern_unit or "")
        return _bounded(seconds)
    date = _DATE.search(message)
    if date is None:
        return None
    seconds = reset_seconds(date[1].replace(" UTC", "Z"), now)
    return None if seconds is None else _bounded(seconds)


def _unit_seconds(unit: str) -> float:
    return next(_UNITS[short] for beginning, short in _BEGINNINGS if unit.lower().startswith(beginning))


def wait_for_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limits that are used up are reset, at most a day; None if nothing says.

    `read_rate_limits` says which headers tell. If nothing remaining is 0, the nearest reset is taken.
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


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS) if math.isfinite(seconds) else None
