"""Numbers that attempts add up to, or leave behind, whatever they are encoded as afterwards.

Neither prometheus-client's metric objects are used, whose histograms hold an object with a lock for each
bucket (docs/decisions/0041), nor those of OpenTelemetry's SDK, which can forget nothing that was refused
(docs/decisions/0043). None of this needs a lock: each is used by one thread at a time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from exporters.instant import unix_ns
from probe.facts.sample import Sample
from probe.metrics.family import Measurement

Labels = tuple[str, ...]


class AttemptRef(NamedTuple):
    """Which attempt a number comes from: what an exemplar shows. `ended_ns` is Unix time.

    `text` is the id as text, which many exemplars of one attempt repeat.
    """

    id: UUID
    run_id: UUID
    ended_ns: int
    text: str


def attempt_ref(sample: Sample) -> AttemptRef:
    return AttemptRef(sample.id, sample.run_id, unix_ns(sample.ended_at), str(sample.id))


class Exemplar(NamedTuple):
    value: float
    attempt: AttemptRef


class Counter:
    """A sum. Its exemplar is the latest addition."""

    __slots__ = ("exemplar", "value")

    def __init__(self, value: float = 0) -> None:
        self.value = value
        self.exemplar: Exemplar | None = None

    def add(self, values: Sequence[float], attempt: AttemptRef | None) -> None:
        self.value += sum(values)
        if attempt is not None:
            self.exemplar = Exemplar(values[-1], attempt)

    def exemplars(self) -> Sequence[Exemplar]:
        return () if self.exemplar is None else (self.exemplar,)

    def copy(self) -> Counter:
        """Without the exemplar."""
        return Counter(self.value)


class Histogram:
    """How many observations fell into each bucket, the last one being endless; without bounds, a count.

    `by_bucket` are exemplars: the latest observation of each bucket. `min` and `max` are infinite while there
    is no observation.
    """

    __slots__ = ("bounds", "by_bucket", "counts", "max", "min", "sum")

    def __init__(self, bounds: tuple[float, ...] = ()) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.min, self.max = math.inf, -math.inf
        self.by_bucket: dict[int, Exemplar] = {}

    def add(self, values: Sequence[float], attempt: AttemptRef | None) -> None:
        bounds, counts = self.bounds, self.counts
        latest: dict[int, float] = {}
        for value in values:
            bucket = bisect_left(bounds, value)
            counts[bucket] += 1
            latest[bucket] = value
        self.sum += sum(values)
        self.min, self.max = min(self.min, *values), max(self.max, *values)
        if attempt is None:
            return
        for bucket, value in latest.items():
            before = self.by_bucket.get(bucket)
            if before is None or attempt.ended_ns >= before.attempt.ended_ns:
                self.by_bucket[bucket] = Exemplar(value, attempt)

    @property
    def count(self) -> int:
        return sum(self.counts)

    def exemplars(self) -> Sequence[Exemplar]:
        return tuple(self.by_bucket.values())

    def copy(self) -> Histogram:
        """Without exemplars."""
        copy = Histogram(self.bounds)
        copy.counts = self.counts.copy()
        copy.sum, copy.min, copy.max = self.sum, self.min, self.max
        return copy


class Gauge:
    """What the latest attempt said or, if it `keeps`, the latest of what any attempt said.

    `gone` are labels that had a value and have none now.
    """

    __slots__ = ("_at", "_keeps", "gone", "values")

    def __init__(self, initial: Iterable[Labels] = (), *, keeps: bool = False) -> None:
        self.values: Mapping[Labels, float] = dict.fromkeys(initial, 0)
        self.gone: frozenset[Labels] = frozenset()
        self._keeps = keeps
        self._at: Mapping[Labels, int] = {}

    def set(self, measurements: Iterable[Measurement], at_ns: int) -> None:
        """Attempts may come in any order: `at_ns` says which is the latest."""
        if self._keeps:
            newer = {labels: value for value, labels in measurements if at_ns >= self._at.get(labels, at_ns)}
            self.values = {**self.values, **newer}
            self._at = {**self._at, **dict.fromkeys(newer, at_ns)}
        elif at_ns >= self._at.get((), at_ns):
            values = {labels: value for value, labels in measurements}
            self.gone = (self.gone | self.values.keys()) - values.keys()
            self.values, self._at = values, {(): at_ns}

    def copy(self) -> Gauge:
        copy = Gauge(keeps=self._keeps)
        copy.values, copy.gone, copy._at = self.values, self.gone, self._at
        return copy


def by_labels(measurements: Iterable[Measurement]) -> Mapping[Labels, Sequence[float]]:
    """The values that each accumulator of a metric is to add."""
    found: dict[Labels, list[float]] = {}
    for value, labels in measurements:
        if labels in found:
            found[labels].append(value)
        else:
            found[labels] = [value]
    return found
