"""One figure of many attempts in memory: a few bytes each, cut by bisection."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Literal


class TimedValues:
    """Values with the instants they belong to, seconds since the epoch, in order."""

    __slots__ = ("ends", "values")

    def __init__(self, typecode: Literal["d", "q"] = "d") -> None:
        self.ends = array("d")
        self.values: array[Any] = array(typecode)

    def extend(self, ends: list[float], values: Sequence[Any], divisor: int | None) -> None:
        """Append what is known, divided."""
        known = [value if divisor is None else value / divisor for value in values if value is not None]
        if len(known) < len(ends):
            ends = [end for end, value in zip(ends, values, strict=True) if value is not None]
        self.ends.fromlist(ends)
        self.values.fromlist(known)

    def sort(self) -> None:
        order = sorted(range(len(self.ends)), key=self.ends.__getitem__)
        self.ends = array("d", [self.ends[index] for index in order])
        self.values = array(self.values.typecode, [self.values[index] for index in order])

    def forget_before(self, start: float) -> None:
        count = bisect_left(self.ends, start)
        del self.ends[:count]
        del self.values[:count]

    def within(self, start: float, stop: float) -> array[Any]:
        """The values alone."""
        return self.values[bisect_left(self.ends, start) : bisect_left(self.ends, stop)]

    def seconds_within(self, start: float, stop: float) -> array[float]:
        """The instants of `within`, as seconds after `start`."""
        ends = self.ends[bisect_left(self.ends, start) : bisect_left(self.ends, stop)]
        return array("d", [end - start for end in ends])
