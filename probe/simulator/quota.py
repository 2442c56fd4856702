"""Requests a minute, per model, and the headers that tell a client."""

import math
from collections import deque
from typing import NamedTuple

from probe.lib.clock import NS_PER_SECOND

WINDOW_NS = 60 * NS_PER_SECOND
UNLIMITED = 10_000  # what the headers say of a model without a limit


class Admission(NamedTuple):
    """Whether a request may pass, how many more may, and when the next place is free and when all are."""

    admitted: bool
    remaining: int
    free_in_seconds: float
    full_in_seconds: float


class Quotas:
    """Counts what was admitted within the last minute; a refused request does not count."""

    def __init__(self) -> None:
        self._admitted: dict[str, deque[int]] = {}

    def admit(self, model: str, per_minute: int, now_ns: int) -> Admission:
        times = self._admitted.setdefault(model, deque())
        while times and times[0] <= now_ns - WINDOW_NS:
            times.popleft()
        admitted = len(times) < per_minute
        if admitted:
            times.append(now_ns)
        remaining = max(0, per_minute - len(times))
        free_in_ns = 0 if remaining else times[0] + WINDOW_NS - now_ns
        full_in_ns = times[-1] + WINDOW_NS - now_ns
        return Admission(admitted, remaining, free_in_ns / NS_PER_SECOND, full_in_ns / NS_PER_SECOND)


def ratelimit_headers(limit: int, remaining: int, reset_seconds: float) -> tuple[tuple[str, str], ...]:
    """The headers of OpenAI, Groq and others. `reset_seconds` is until all of the limit is free."""
    return (
        ("x-ratelimit-limit-requests", str(limit)),
        ("x-ratelimit-remaining-requests", str(remaining)),
        ("x-ratelimit-reset-requests", go_duration(reset_seconds)),
    )


def go_duration(seconds: float) -> str:
    """As these headers write it: `12ms`, `7.5s`, `1m2.5s`. Whole milliseconds, rounded up."""
    milliseconds = math.ceil(round(seconds * 1000, 6))
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"
