"""Base-2 exponential histograms: buckets that grow with the values, at the finest scale that holds them all.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

import math
from collections.abc import Sequence
from typing import Final

from exporters.accumulators import AttemptRef, Exemplar

# As the specification of the SDK has it.
_MOST_BUCKETS: Final = 160
# All that Prometheus keeps; 0.3 % between bounds. At 20, where the SDK begins, the `prometheus` exporter of
# the collector (0.165.1) holds a bucket for each of the millions between two deltas of one value.
_FINEST_SCALE: Final = 8
_MOST_EXEMPLARS: Final = 20
_BUCKETS_PER_E: Final = math.ldexp(1 / math.log(2), _FINEST_SCALE)


class ExponentialHistogram:
    """Bucket `index` at `scale` ends at `2 ** ((index + 1) / 2 ** scale)`, which belongs to it.

    Values of 0 are counted apart; no number of the catalogue is below. `min` and `max` are infinite while
    there is no observation. Its exemplars are the latest observations.
    """

    __slots__ = ("_buckets", "_exemplars", "count", "max", "min", "scale", "sum", "zero_count")

    def __init__(self) -> None:
        self.scale = _FINEST_SCALE
        self.count = 0
        self.zero_count = 0
        self.sum = 0.0
        self.min, self.max = math.inf, -math.inf
        self._buckets: dict[int, int] = {}
        self._exemplars: Sequence[Exemplar] = ()

    def add(self, values: Sequence[float], attempt: AttemptRef | None) -> None:
        for value in values:
            if value > 0:
                index = _finest_index(value) >> (_FINEST_SCALE - self.scale)
                self._buckets[index] = self._buckets.get(index, 0) + 1
            else:
                self.zero_count += 1
        self.count += len(values)
        self.sum += sum(values)
        self.min, self.max = min(self.min, *values), max(self.max, *values)
        while self._buckets and max(self._buckets) - min(self._buckets) >= _MOST_BUCKETS:
            self._coarsen()
        if attempt is not None:
            added = (Exemplar(value, attempt) for value in values)
            self._exemplars = (*self._exemplars, *added)[-_MOST_EXEMPLARS:]

    @property
    def offset(self) -> int:
        """The index of the first of `bucket_counts`."""
        return min(self._buckets, default=0)

    def bucket_counts(self) -> Sequence[int]:
        if not self._buckets:
            return ()
        indices = range(self.offset, max(self._buckets) + 1)
        return [self._buckets.get(index, 0) for index in indices]

    def exemplars(self) -> Sequence[Exemplar]:
        return self._exemplars

    def copy(self) -> "ExponentialHistogram":
        """Without exemplars."""
        copy = ExponentialHistogram()
        copy.scale, copy.count, copy.zero_count = self.scale, self.count, self.zero_count
        copy.sum, copy.min, copy.max = self.sum, self.min, self.max
        copy._buckets = dict(self._buckets)
        return copy

    def _coarsen(self) -> None:
        """Two neighbours are one bucket at the next coarser scale."""
        merged: dict[int, int] = {}
        for index, count in self._buckets.items():
            merged[index >> 1] = merged.get(index >> 1, 0) + count
        self._buckets = merged
        self.scale -= 1


def _finest_index(value: float) -> int:
    """The bucket at the finest scale.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#all-scales-use-the-logarithm-function
    """
    fraction, exponent = math.frexp(value)
    if fraction == 0.5:  # a power of two, which ends a bucket
        return ((exponent - 1) << _FINEST_SCALE) - 1
    return math.floor(math.log(value) * _BUCKETS_PER_E)
