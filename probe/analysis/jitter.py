"""Jitter: how unevenly a target answers from one attempt to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from probe.timeline import standard_deviation

Light = Literal["green", "yellow", "red"]

YELLOW_FROM_SECONDS = 0.2
RED_ABOVE_SECONDS = 0.5


def jitter_seconds(total_latencies: Sequence[float]) -> float:
    """Population standard deviation of total latencies in seconds; 0 for fewer than two."""
    return standard_deviation(total_latencies) or 0.0


def jitter_light(jitter: float) -> Light:
    """The traffic light of a jitter in seconds: green below 200 ms, yellow to 500 ms, red above."""
    if jitter < YELLOW_FROM_SECONDS:
        return "green"
    return "yellow" if jitter <= RED_ABOVE_SECONDS else "red"
