"""Jitter: how unevenly a target answers the same prompt from one attempt to the next.

Prompts of different length take different times on the steadiest server: the deviation is that from the mean
of each prompt, over all that were repeated; of one prompt, it is the population standard deviation.
"""

import math
from collections.abc import Collection, Hashable, Iterable
from typing import Literal
from zlib import crc32

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


def pooled_deviation_seconds(prompts: Iterable[Moments]) -> float | None:
    """Around the mean of each repeated prompt; None if none was repeated.

    √(Σ n·σ² / Σ (n - 1) · (N - 1) / N), N = Σ n: the pooled variance, each mean having cost a degree of
    freedom, as it would be of a population of N. For one prompt that is σ.
    """
    known = [moments for moments in prompts if moments.count > 1]
    if len(known) < 2:
        return known[0].standard_deviation_seconds if known else None
    # Sums of squares of nanoseconds, to less than one of them.
    squares = sum((each.count * each.squares - each.total * each.total) // each.count for each in known)
    count = sum(each.count for each in known)
    return math.sqrt(squares * (count - 1) / ((count - len(known)) * count)) / NS_PER_SECOND


def nanoseconds(seconds: float) -> int:
    return round(seconds * NS_PER_SECOND)


def jitter_seconds(
    total_latencies: Collection[float], prompts: Iterable[Hashable] | None = None
) -> float | None:
    """How far total latencies in seconds are from the mean of their prompt; None if no prompt has two.

    `prompts` tells which of them may be compared, one each; None if all may.
    """
    prompts = (None,) * len(total_latencies) if prompts is None else prompts
    moments: dict[Hashable, Moments] = {}
    for prompt, latency in zip(prompts, total_latencies, strict=True):
        moments.setdefault(prompt, Moments()).add(nanoseconds(latency))
    return pooled_deviation_seconds(moments.values())


def prompt_number(prompt_hash: str, streaming: bool) -> int:
    """A number for what may be compared: one prompt, answered in one way."""
    return crc32(f"{prompt_hash} {streaming:d}".encode())


def jitter_light(jitter: float) -> Light:
    """The traffic light of a jitter in seconds: green below 200 ms, yellow to 500 ms, red above."""
    if jitter < YELLOW_FROM_SECONDS:
        return "green"
    return "yellow" if jitter <= RED_ABOVE_SECONDS else "red"
