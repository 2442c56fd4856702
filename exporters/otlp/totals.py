"""What was accepted so far, by series: from what each batch adds to running totals.

A batch is proposed, sent, and counted only once it was accepted: a batch that is refused leaves no trace, and
one that is sent again says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    DataPointT,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from exporters.otlp.instruments import OVERFLOW
from exporters.otlp.settings import Temporality

# As the SDK has it, and the specification of the exponential histogram.
_MOST_BUCKETS: Final = 160
# The values of the attributes, whose names all series of a metric have in one order: with their names they
# would be the largest part of what a series takes.
_Key = tuple[object, ...]
_OVERFLOW_KEY: Final[_Key] = (True,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to send, and what the totals of the touched series are once it was accepted."""

    metrics: Sequence[Metric]
    totals: Mapping[str, Mapping[_Key, DataPointT]] = field(default_factory=dict)
    overflowed: bool = False


class Totals:
    """`since_ns` is when counting began: every total of this process starts there at 0.

    Instants are Unix nanoseconds, and given: those of a batch are those of its delivery.
    """

    def __init__(self, temporality: Temporality, since_ns: int, max_series: int) -> None:
        self._cumulative = temporality == "cumulative"
        self._since_ns = since_ns
        self._accepted_ns = since_ns
        self._max_series = max_series
        self._points: dict[str, dict[_Key, DataPointT]] = {}
        self._metrics: dict[str, Metric] = {}

    def propose(self, added: Iterable[Metric], now_ns: int) -> Proposal:
        """The totals of what is touched; where deltas are wanted, what is added since the last accepted."""
        if not self._cumulative:
            metrics = [
                _stamped(metric, metric.data.data_points, self._accepted_ns, now_ns) for metric in added
            ]
            return Proposal(metrics=metrics, overflowed=any(map(_has_overflow, metrics)))
        totals: dict[str, dict[_Key, DataPointT]] = {}
        metrics = []
        for metric in added:
            touched = self._add(metric)
            totals[metric.name] = touched
            metrics.append(_stamped(_as_totals(metric), touched.values(), self._since_ns, now_ns))
        return Proposal(
            metrics=metrics, totals=totals, overflowed=any(_OVERFLOW_KEY in each for each in totals.values())
        )

    def accept(self, proposal: Proposal, now_ns: int) -> None:
        """It was delivered."""
        self._accepted_ns = now_ns
        for metric in proposal.metrics:
            if metric.name in proposal.totals:
                self._metrics[metric.name] = _with(metric, data_points=[])
        for name, points in proposal.totals.items():
            known = self._points.setdefault(name, {})
            # An exemplar is told once.
            known.update({key: replace(point, exemplars=[]) for key, point in points.items()})

    def all(self, now_ns: int) -> list[Metric]:
        """Every total; nothing where deltas are wanted."""
        return [
            _stamped(self._metrics[name], points.values(), self._since_ns, now_ns)
            for name, points in self._points.items()
        ]

    def _add(self, metric: Metric) -> dict[_Key, DataPointT]:
        known = self._points.get(metric.name, {})
        touched: dict[_Key, DataPointT] = {}
        fresh = 0
        for point in metric.data.data_points:
            key: _Key = tuple((point.attributes or {}).values())
            if key not in known and key not in touched:
                if len(known) + fresh >= self._max_series:
                    key = _OVERFLOW_KEY
                else:
                    fresh += 1
            before = touched.get(key) or known.get(key)
            total = point if before is None else merged(before, point)
            touched[key] = replace(total, attributes={OVERFLOW: True}) if key == _OVERFLOW_KEY else total
        return touched


def merged(before: DataPointT, added: DataPointT) -> DataPointT:
    """The sum of two points of one series, with the exemplars of the later."""
    match before, added:
        case NumberDataPoint(), NumberDataPoint():
            return replace(added, value=before.value + added.value)
        case HistogramDataPoint(), HistogramDataPoint():
            counts = [a + b for a, b in zip(before.bucket_counts, added.bucket_counts, strict=True)]
            return replace(
                added,
                count=before.count + added.count,
                sum=before.sum + added.sum,
                bucket_counts=counts,
                min=min(before.min, added.min),
                max=max(before.max, added.max),
            )
        case ExponentialHistogramDataPoint(), ExponentialHistogramDataPoint():
            return _merged_exponential(before, added)
        case _:
            raise TypeError("two kinds of points have no sum")


def _merged_exponential(
    before: ExponentialHistogramDataPoint, added: ExponentialHistogramDataPoint
) -> ExponentialHistogramDataPoint:
    """At the finest scale that both can be told at within the limit of buckets.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#all-scales-use-the-logarithm-function
    """
    # A point of zeros alone has no scale of its own.
    scale = min((point.scale for point in (before, added) if _known(point)), default=added.scale)
    while True:
        sides = [
            _sum_of((getattr(before, side), before.scale), (getattr(added, side), added.scale), scale)
            for side in ("positive", "negative")
        ]
        if all(len(side.bucket_counts) <= _MOST_BUCKETS for side in sides):
            break
        scale -= 1
    return replace(
        added,
        count=before.count + added.count,
        sum=before.sum + added.sum,
        scale=scale,
        zero_count=before.zero_count + added.zero_count,
        positive=sides[0],
        negative=sides[1],
        min=min(before.min, added.min),
        max=max(before.max, added.max),
    )


def _known(point: ExponentialHistogramDataPoint) -> bool:
    return any(point.positive.bucket_counts) or any(point.negative.bucket_counts)


def _sum_of(one: tuple[Buckets, int], other: tuple[Buckets, int], scale: int) -> Buckets:
    """Two neighbours are one bucket at the next coarser scale."""
    counts: dict[int, int] = {}
    for buckets, of_scale in (one, other):
        for position, count in enumerate(buckets.bucket_counts):
            if count:
                index = (buckets.offset + position) >> (of_scale - scale)
                counts[index] = counts.get(index, 0) + count
    if not counts:
        return Buckets(offset=0, bucket_counts=[])
    first, last = min(counts), max(counts)
    return Buckets(offset=first, bucket_counts=[counts.get(index, 0) for index in range(first, last + 1)])


def _stamped(metric: Metric, points: Iterable[DataPointT], start_ns: int, now_ns: int) -> Metric:
    stamped = [replace(point, start_time_unix_nano=start_ns, time_unix_nano=now_ns) for point in points]
    return _with(metric, data_points=stamped)


def _as_totals(metric: Metric) -> Metric:
    return _with(metric, aggregation_temporality=AggregationTemporality.CUMULATIVE)


def _with(metric: Metric, **changes: object) -> Metric:
    data: Any = metric.data  # each kind of data has points of its own kind
    return replace(metric, data=replace(data, **changes))


def _has_overflow(metric: Metric) -> bool:
    return any(OVERFLOW in (point.attributes or {}) for point in metric.data.data_points)
