"""Requests a minute, per model."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from probe.clock import NS_PER_SECOND

WINDOW_NS = 60 * NS_PER_SECOND


class Admission(NamedTuple):
    """Whether a request may pass, how many more may, and when the next place is free."""

    admitted: bool
    remaining: int
    free_in_seconds: float


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
        return Admission(admitted, remaining, free_in_ns / NS_PER_SECOND)
