"""The numbers behind one family for one subject, kept apart by the values of the family's own labels.

prometheus-client's metric objects are not used: a histogram of theirs holds an object with a lock for each
bucket (docs/decisions/0041 has the figures). All of this runs in one event loop and needs no lock.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from exporters.prometheus.text import exemplar
from probe.metrics import Family, Reading

Labels = tuple[str, ...]


class Moment(NamedTuple):
    """Which attempt a number comes from: what an exemplar shows. `at` is Unix time."""

    request_id: str
    at: float


class Counter:
    """`values` by labels; those of `initial` exist from the start."""

    __slots__ = ("values",)

    def __init__(self, initial: Iterable[Labels]) -> None:
        self.values: dict[Labels, float] = dict.fromkeys(initial, 0)

    def add(self, readings: Iterable[Reading]) -> None:
        for value, labels in readings:
            self.values[labels] = self.values.get(labels, 0) + value


class Gauge:
    """What the latest attempt said or, where it `keeps`, the latest of what any attempt said."""

    __slots__ = ("_at", "_keeps", "values")

    def __init__(self, initial: Iterable[Labels], keeps: bool) -> None:
        self.values: dict[Labels, float] = dict.fromkeys(initial, 0)
        self._keeps = keeps
        self._at: dict[Labels, float] = {}

    def set(self, readings: Iterable[Reading], at: float) -> None:
        """Attempts may come in any order: `at` says which is the latest."""
        if self._keeps:
            for value, labels in readings:
                if at >= self._at.get(labels, at):
                    self.values[labels], self._at[labels] = value, at
        elif at >= self._at.get((), at):
            self.values = {labels: value for value, labels in readings}
            self._at[()] = at


class Summary:
    """Count and sum by labels; those of `initial` exist from the start."""

    __slots__ = ("values",)

    def __init__(self, initial: Iterable[Labels]) -> None:
        self.values: dict[Labels, tuple[int, float]] = dict.fromkeys(initial, (0, 0.0))

    def add(self, readings: Iterable[Reading]) -> None:
        for value, labels in readings:
            count, total = self.values.get(labels, (0, 0.0))
            self.values[labels] = count + 1, total + value


class Histogram:
    """How many observations fell into each bucket, the last one being endless.

    `exemplars` holds the text that shows the latest observation of each bucket, empty where there is none.
    """

    __slots__ = ("_at", "_bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._at = [-math.inf] * (len(bounds) + 1)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.exemplars = [b""] * (len(bounds) + 1)

    def observe(self, readings: Iterable[Reading], moment: Moment) -> None:
        bounds, counts = self._bounds, self.counts
        latest: dict[int, float] = {}
        for value, _ in readings:
            bucket = bisect_left(bounds, value)
            counts[bucket] += 1
            self.sum += value
            latest[bucket] = value
        for bucket, value in latest.items():
            if moment.at >= self._at[bucket]:
                self._at[bucket] = moment.at
                self.exemplars[bucket] = exemplar(moment.request_id, value, moment.at)


Cell = Counter | Gauge | Summary | Histogram


def cell_of(family: Family, initial: Iterable[Labels] = (), keeps: bool = False) -> Cell:
    """An empty cell of the family's kind."""
    match family.kind:
        case "counter":
            return Counter(initial)
        case "summary":
            return Summary(initial)
        case "histogram":
            return Histogram(family.buckets)
        case "gauge" | "info":
            return Gauge(initial, keeps)
