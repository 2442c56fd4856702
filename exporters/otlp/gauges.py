"""Figures that are shown rather than counted: of the latest attempt of each series, and of the daemon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    DataPointFlags,
    Metric,
    NumberDataPoint,
)

from exporters.otlp.conventions import OWN_STREAMS, Stream
from exporters.otlp.settings import Temporality
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.metrics import SERIES_LABELS, Family, OfAttempt, OfSeries, OfStatus, series_labels

_Labels = tuple[str, ...]
_Values = Mapping[_Labels, float]
_NOT_THERE: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK

_OF_ATTEMPT: Final = tuple(
    (family, source)
    for family in OWN_STREAMS
    if family.kind == "gauge" and isinstance(source := family.source, OfAttempt)
)
_OF_SERIES: Final = tuple(
    (family, source) for family in OWN_STREAMS if isinstance(source := family.source, OfSeries)
)
_OF_STATUS: Final = tuple(
    (family, source) for family in OWN_STREAMS if isinstance(source := family.source, OfStatus)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """`gone` are labels whose value was told and is no more."""

    values: _Values = field(default_factory=dict)
    at: Mapping[_Labels, float] = field(default_factory=dict)
    gone: frozenset[_Labels] = frozenset()


# By what a reader tells series apart by: a target whose address changed is the same one.
_Cells = dict[tuple[Family, _Labels], _Cell]


class Latest:
    """The gauges of each series. As with totals, what an attempt changes counts once it was accepted.

    Only configured series stand. Of any other an attempt is told when it is delivered, and then forgotten.
    """

    def __init__(self, series: Sequence[Series]) -> None:
        self._cells: _Cells = {}
        self._series: dict[_Labels, Series] = {}
        self.retain(series)

    def retain(self, series: Sequence[Series]) -> None:
        """Series that stay keep their figures, those that are gone end, new ones begin."""
        known = self._cells
        self._series = {series_labels(each): each for each in series}
        self._cells = {
            (family, labels): known.get((family, labels)) or _Cell(values=dict.fromkeys(source.initial, 0.0))
            for labels in self._series
            for family, source in _OF_ATTEMPT
        }

    def propose(self, samples: Sequence[Sample]) -> _Cells:
        """The cells that these attempts change."""
        changed: _Cells = {}
        for sample in samples:
            at, labels = sample.ended_at.timestamp(), series_labels(sample.series)
            for family, source in _OF_ATTEMPT:
                key = family, labels
                before = changed.get(key) or self._cells.get(key) or _Cell()
                changed[key] = _after(before, source, sample, at)
        return changed

    def accept(self, changed: _Cells) -> None:
        self._cells.update({key: cell for key, cell in changed.items() if key in self._cells})

    def metrics(self, changed: _Cells | None, now_ns: int) -> list[Metric]:
        """Of the changed cells, or of all."""
        by_family: dict[Family, list[NumberDataPoint]] = {}
        for (family, of), cell in (self._cells if changed is None else changed).items():
            points = by_family.setdefault(family, [])
            shared = _shared(of)
            for labels, value in cell.values.items():
                points.append(_point({**shared, **_own(family, labels)}, value, now_ns))
            for labels in cell.gone:
                points.append(_missing({**shared, **_own(family, labels)}, now_ns))
        touched = self._series if changed is None else dict.fromkeys(of for _, of in changed)
        for family, source in _OF_SERIES:
            by_family[family] = [
                _point({**_shared(of), **_own(family, source.read(self._series[of]))}, 1.0, now_ns)
                for of in touched
                if of in self._series
            ]
        return [_gauge(OWN_STREAMS[family], points) for family, points in by_family.items() if points]


def _after(before: _Cell, source: OfAttempt, sample: Sample, at: float) -> _Cell:
    """Attempts may come in any order: `at` says which is the latest."""
    readings = {labels: float(value) for value, labels in source.read(sample)}
    if source.keeps:
        newer = {labels: value for labels, value in readings.items() if at >= before.at.get(labels, at)}
        return _Cell(values={**before.values, **newer}, at={**before.at, **dict.fromkeys(newer, at)})
    if at < before.at.get((), at):
        return before
    gone = (before.gone | before.values.keys()) - readings.keys()
    return _Cell(values=readings, at={(): at}, gone=frozenset(gone))


class Reported:
    """The daemon's own figures. Counters are totals since it started, or steps where those are wanted."""

    def __init__(self, temporality: Temporality, since_ns: int) -> None:
        self._cumulative = temporality == "cumulative"
        self._accepted_ns = since_ns
        self._told: dict[tuple[Family, _Labels], float] = {}

    def propose(self, status: Status) -> dict[tuple[Family, _Labels], float]:
        return {
            (family, labels): float(value)
            for family, source in _OF_STATUS
            for value, labels in source.read(status)
        }

    def accept(self, values: Mapping[tuple[Family, _Labels], float], now_ns: int) -> None:
        self._told = dict(values)
        self._accepted_ns = now_ns

    def metrics(
        self, values: Mapping[tuple[Family, _Labels], float], started_ns: int, now_ns: int
    ) -> list[Metric]:
        by_family: dict[Family, list[NumberDataPoint]] = {}
        for (family, labels), value in values.items():
            point = _point(_own(family, labels), self._step(family, labels, value), now_ns)
            if family.kind == "counter":
                point.start_time_unix_nano = started_ns if self._cumulative else self._accepted_ns
            by_family.setdefault(family, []).append(point)
        for family, labels in self._told.keys() - values.keys():
            if family.kind != "counter":
                by_family.setdefault(family, []).append(_missing(_own(family, labels), now_ns))
        return [self._metric(family, points) for family, points in by_family.items()]

    def _step(self, family: Family, labels: _Labels, value: float) -> float:
        if family.kind != "counter" or self._cumulative:
            return value
        told = self._told.get((family, labels), 0.0)
        # What fell began anew: a job that was taken out of the configuration and put back.
        return value - told if value >= told else value

    def _metric(self, family: Family, points: Iterable[NumberDataPoint]) -> Metric:
        stream = OWN_STREAMS[family]
        if family.kind != "counter":
            return _gauge(stream, points)
        metric = _named(stream)
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = (
            AGGREGATION_TEMPORALITY_CUMULATIVE if self._cumulative else AGGREGATION_TEMPORALITY_DELTA
        )
        metric.sum.data_points.extend(points)
        return metric


def _shared(of: _Labels) -> dict[str, str]:
    return dict(zip(SERIES_LABELS, of, strict=True))


def _own(family: Family, labels: _Labels) -> dict[str, str]:
    return dict(zip(family.labels, labels, strict=True))


def _gauge(stream: Stream, points: Iterable[NumberDataPoint]) -> Metric:
    metric = _named(stream)
    metric.gauge.data_points.extend(points)
    return metric


def _named(stream: Stream) -> Metric:
    return Metric(name=stream.name, description=stream.help, unit=stream.unit)


def _point(attributes: Mapping[str, object], value: float, now_ns: int) -> NumberDataPoint:
    return NumberDataPoint(attributes=_encoded(attributes), time_unix_nano=now_ns, as_double=value)


def _missing(attributes: Mapping[str, object], now_ns: int) -> NumberDataPoint:
    """There was a value and is none now: a gap, which a last value that stays would hide.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#no-recorded-value
    """
    return NumberDataPoint(attributes=_encoded(attributes), time_unix_nano=now_ns, flags=_NOT_THERE)


def _encoded(attributes: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=str(value))) for key, value in attributes.items()]
