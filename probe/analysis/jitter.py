"""Jitter: how unevenly a target answers from one attempt to the next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from probe.lib.clock import NS_PER_SECOND

Light = Literal["green", "yellow", "red"]

YELLOW_FROM_SECONDS = 0.2
RED_ABOVE_SECONDS = 0.5


class Moments:
    """Count, sum and sum of squares of durations, exact because they are counted in whole nanoseconds.

    A duration that leaves a window can be taken out again, and nothing is left of it.
    """

    __slots__ = ("count", "squares", "total")

    def __init__(self, durations_ns: Iterable[int] = ()) -> None:
        self.count = self.total = self.squares = 0
        for duration in durations_ns:
            self.add(duration)

    def add(self, duration_ns: int) -> None:
        self.count += 1
        self.total += duration_ns
        self.squares += duration_ns * duration_ns

    def remove(self, duration_ns: int) -> None:
        self.count -= 1
        self.total -= duration_ns
        self.squares -= duration_ns * duration_ns

    @property
    def standard_deviation_seconds(self) -> float:
        """Of the population; 0 for fewer than two."""
        if self.count < 2:
            return 0.0
        variance = self.count * self.squares - self.total * self.total  # times count²
        return math.sqrt(variance) / self.count / NS_PER_SECOND


def nanoseconds(seconds: float) -> int:
    return round(seconds * NS_PER_SECOND)


def jitter_seconds(total_latencies: Iterable[float]) -> float:
    """Population standard deviation of total latencies in seconds; 0 for fewer than two."""
    return Moments(map(nanoseconds, total_latencies)).standard_deviation_seconds


def jitter_light(jitter: float) -> Light:
    """The traffic light of a jitter in seconds: green below 200 ms, yellow to 500 ms, red above."""
    if jitter < YELLOW_FROM_SECONDS:
        return "green"
    return "yellow" if jitter <= RED_ABOVE_SECONDS else "red"
