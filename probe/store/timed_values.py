"""One figure of many attempts in memory: a few bytes each, cut by bisection."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence


class TimedValues:
    """Values with the instants they belong to, seconds since the epoch, in order.

    `labels` are whole numbers, one for each value; none where they were never given.
    """

    __slots__ = ("ends", "labels", "values")

    def __init__(self) -> None:
        self.ends = array("d")
        self.values = array("d")
        self.labels = array("q")

    def extend(
        self, ends: list[float], values: Sequence[float | None], divisor: int, labels: Sequence[int] = ()
    ) -> None:
        """Append what is known, divided."""
        known = [value / divisor for value in values if value is not None]
        if len(known) < len(ends):
            ends = [end for end, value in zip(ends, values, strict=True) if value is not None]
            labels = [label for label, value in zip(labels, values, strict=False) if value is not None]
        self.ends.fromlist(ends)
        self.values.fromlist(known)
        self.labels.extend(labels)

    def sort(self) -> None:
        order = sorted(range(len(self.ends)), key=self.ends.__getitem__)
        self.ends = array("d", [self.ends[index] for index in order])
        self.values = array("d", [self.values[index] for index in order])
        if self.labels:
            self.labels = array("q", [self.labels[index] for index in order])

    def forget_before(self, start: float) -> None:
        count = bisect_left(self.ends, start)
        del self.ends[:count]
        del self.values[:count]
        del self.labels[:count]

    def within(self, start: float, stop: float) -> array[float]:
        """The values alone."""
        return self.values[self._part(start, stop)]

    def labels_within(self, start: float, stop: float) -> array[int]:
        """The labels of `within`."""
        return self.labels[self._part(start, stop)]

    def seconds_within(self, start: float, stop: float) -> array[float]:
        """The instants of `within`, as seconds after `start`."""
        return array("d", [end - start for end in self.ends[self._part(start, stop)]])

    def _part(self, start: float, stop: float) -> slice:
        return slice(bisect_left(self.ends, start), bisect_left(self.ends, stop))
