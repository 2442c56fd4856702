"""Times as headers write them: numbers, Go durations, HTTP dates, RFC 3339 instants, seconds of the epoch."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

_GO_UNITS: Mapping[str, float] = MappingProxyType(
    {
        "d": 86_400.0,
        "h": 3600.0,
        "m": 60.0,
        "s": 1.0,
        "ms": 1e-3,
        "us": 1e-6,
        "µs": 1e-6,
        "μs": 1e-6,
        "ns": 1e-9,
    }
)
GO_PART = r"[0-9]+(?:\.[0-9]*)?(?:d|h|ms|m|us|µs|μs|ns|s)"
_GO_DURATION = re.compile(f"(?:{GO_PART})+")
_GO_PARTS = re.compile(r"([0-9]+(?:\.[0-9]*)?)(d|h|ms|m|us|µs|μs|ns|s)")
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?")

# Numbers above are instants since the epoch: in seconds (since 2001), in milliseconds (since 1973).
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e11


def parse_number(text: str | None) -> float | None:
    """A number without a sign."""
    return float(text.strip()) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def duration_seconds(text: str) -> float | None:
    """A Go duration (https://pkg.go.dev/time#ParseDuration) in seconds; days, which Go has none of, too."""
    if not _GO_DURATION.fullmatch(text):
        return None
    return sum(float(count) * _GO_UNITS[unit] for count, unit in _GO_PARTS.findall(text))


def date_of(text: str | None) -> datetime | None:
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


def seconds_until(text: str, now: datetime) -> float | None:
    """From `now` to that date; below 0 if it has passed."""
    date = date_of(text)
    return None if date is None else (date - now).total_seconds()


def reset_seconds(text: str, now: datetime) -> float | None:
    """From `now` until a limit is reset, however the header says so.

    A Go duration ("1m2.5s": OpenAI, Groq), seconds (Azure, Cerebras), an instant since the epoch in seconds
    or in milliseconds (OpenRouter), or a date (Anthropic).
    """
    value = parse_number(text)
    if value is None:
        found = duration_seconds(text.strip())
        return seconds_until(text, now) if found is None else found
    if value > _EPOCH_MILLISECONDS:
        return value / 1000 - now.timestamp()
    return value - now.timestamp() if value > _EPOCH_SECONDS else value
