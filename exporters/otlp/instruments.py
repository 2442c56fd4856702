"""Attempts as measurements of the SDK's instruments, collected for each batch: what it adds to every metric.

Nothing global is touched: no provider is installed, nothing runs at exit, no thread collects. The SDK is
asked for deltas, so that a batch which is refused can be forgotten and one that is repeated says the same
again; what has been accepted is added up by `exporters.otlp.totals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    DataPointT,
    InMemoryMetricReader,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    SumAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from exporters.instant import unix_ns
from exporters.otlp.attributes import SERVICE, Attributes, gen_ai_attributes, own_attributes
from exporters.otlp.conventions import GEN_AI, OWN_STREAMS, Stream
from exporters.otlp.settings import OtlpSettings
from probe.errors import ConfigError
from probe.facts.sample import Sample, Series
from probe.metrics import OfAnyAttempt, OfAttempt, Reading

# The SDK's mark of what came after the limit of series.
OVERFLOW: Final = "otel.metric.overflow"
# It cleans and hashes every attribute of every measurement, which is most of what a measurement costs. It is
# given one, which stands for all of them until they are collected.
_SERIES: Final = "series"
_DELTAS: Final[Mapping[type, AggregationTemporality]] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}

Read = Callable[[Sample], Iterable[Reading]]


class _Instrument(Protocol):
    def __call__(self, amount: float, attributes: Attributes, context: Context) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What one stream is told of each attempt, under which attributes beside its own labels."""

    stream: Stream
    read: Read
    attributes: Callable[[Series], Attributes] | None
    initial: tuple[tuple[str, ...], ...] = ()


def streams(settings: OtlpSettings) -> list[_Reader]:
    """Everything that is counted or distributed over attempts."""
    found = []
    for family, stream in OWN_STREAMS.items():
        source = family.source
        if stream.kind != "gauge" and isinstance(source, OfAttempt | OfAnyAttempt):
            by_series = isinstance(source, OfAttempt)
            own = replace(stream, labels=family.labels)
            found.append(
                _Reader(
                    stream=own,
                    read=source.read,
                    attributes=own_attributes if by_series else None,
                    initial=source.initial,
                )
            )
    for entry in GEN_AI:
        named = entry.stream(settings.semconv)
        if named is not None:
            found.append(_Reader(stream=named, read=entry.read, attributes=gen_ai_attributes))
    return found


class Instruments:
    """Raises ConfigError where the environment switches the SDK off, as nothing would be sent."""

    def __init__(self, settings: OtlpSettings, resource: Resource, version: str) -> None:
        readers = streams(settings)
        self._reader = InMemoryMetricReader(preferred_temporality=dict(_DELTAS))
        self._provider = MeterProvider(
            metric_readers=[self._reader],
            resource=resource,
            exemplar_filter=TraceBasedExemplarFilter(),
            shutdown_on_exit=False,
            views=[_view(reader.stream, settings) for reader in readers],
        )
        self._meter = self._provider.get_meter(SERVICE, version)
        self._instruments = [(reader, self._instrument(reader.stream)) for reader in readers]
        self._numbers: dict[tuple[int, Series | None, tuple[str, ...]], int] = {}
        self._attributes: list[Attributes] = []

    def measure(self, samples: Sequence[Sample], spans: Mapping[UUID, SpanContext]) -> list[Metric]:
        """What these attempts add. An attempt that has a span is an exemplar, at the instant it ended."""
        ends: dict[int, int] = {}
        self._numbers.clear()
        self._attributes.clear()
        try:
            self._record(samples, spans, ends)
        finally:
            # Where reading an attempt failed, half of it must not be in the next batch.
            collected = self._reader.get_metrics_data()
        return [] if collected is None else list(self._with_attributes(collected, ends))

    def _record(
        self, samples: Sequence[Sample], spans: Mapping[UUID, SpanContext], ends: dict[int, int]
    ) -> None:
        for sample in samples:
            series, span = sample.series, spans.get(sample.id)
            context = Context()
            if span is not None:
                ends[span.span_id] = unix_ns(sample.ended_at)
                context = set_span_in_context(NonRecordingSpan(span), context)
            for number, (reader, record) in enumerate(self._instruments):
                for value, labels in reader.read(sample):
                    key = number, None if reader.attributes is None else series, labels
                    record(float(value), {_SERIES: self._number(reader, key)}, context)

    def zeros(self, series: Sequence[Series], now_ns: int) -> list[Metric]:
        """Counters that exist before the first attempt, so that their first step is seen."""
        found = []
        for reader, _ in self._instruments:
            if reader.stream.kind != "counter" or not reader.initial:
                continue
            subjects: Sequence[Attributes] = [{}]
            if reader.attributes is not None:
                subjects = [reader.attributes(each) for each in series]
            points = [
                NumberDataPoint(
                    attributes={**subject, **dict(zip(reader.stream.labels, labels, strict=True))},
                    start_time_unix_nano=now_ns,
                    time_unix_nano=now_ns,
                    value=0.0,
                )
                for subject in subjects
                for labels in reader.initial
            ]
            found.append(_sum(reader.stream, points))
        return found

    def _number(self, reader: _Reader, key: tuple[int, Series | None, tuple[str, ...]]) -> int:
        number = self._numbers.get(key)
        if number is None:
            _, series, labels = key
            own = dict(zip(reader.stream.labels, labels, strict=False))
            shared = {} if series is None or reader.attributes is None else reader.attributes(series)
            number = self._numbers[key] = len(self._attributes)
            self._attributes.append({**shared, **own})
        return number

    def _with_attributes(self, collected: MetricsData, ends: Mapping[int, int]) -> Iterator[Metric]:
        for resource_metrics in collected.resource_metrics:
            for scope_metrics in resource_metrics.scope_metrics:
                for metric in scope_metrics.metrics:
                    data: Any = metric.data  # each kind of data has points of its own kind
                    points = [self._told(point, ends) for point in data.data_points]
                    yield replace(metric, data=replace(data, data_points=points))

    def _told(self, point: DataPointT, ends: Mapping[int, int]) -> DataPointT:
        """With the attributes that its number stands for, and exemplars at their own instants."""
        given = point.attributes or {}
        number = given.get(_SERIES)
        attributes = {OVERFLOW: True} if OVERFLOW in given else self._attributes[cast("int", number)]
        exemplars = [
            replace(
                exemplar,
                time_unix_nano=ends.get(exemplar.span_id or 0, exemplar.time_unix_nano),
                filtered_attributes={},
            )
            for exemplar in point.exemplars
        ]
        return replace(point, attributes=attributes, exemplars=exemplars)

    def _instrument(self, stream: Stream) -> _Instrument:
        create = self._meter.create_counter if stream.kind == "counter" else self._meter.create_histogram
        made = create(stream.name, unit=stream.unit, description=stream.help)
        if not isinstance(made, Counter | Histogram):
            raise ConfigError("exporters.otlp: OTEL_SDK_DISABLED switches OpenTelemetry off; unset it")
        return made.add if isinstance(made, Counter) else made.record


def _sum(stream: Stream, points: Sequence[NumberDataPoint]) -> Metric:
    data = Sum(data_points=points, aggregation_temporality=AggregationTemporality.DELTA, is_monotonic=True)
    return Metric(name=stream.name, description=stream.help, unit=stream.unit, data=data)


def _view(stream: Stream, settings: OtlpSettings) -> View:
    """By default the SDK folds everything beyond 2,000 series of a metric into one point."""
    return View(
        instrument_name=stream.name,
        aggregation=_aggregation(stream, settings),
        aggregation_cardinality_limit=settings.max_series,
    )


def _aggregation(stream: Stream, settings: OtlpSettings) -> Aggregation:
    if stream.kind == "counter":
        return SumAggregation()
    if stream.buckets and settings.histograms == "exponential":
        return ExponentialBucketHistogramAggregation()
    return ExplicitBucketHistogramAggregation(boundaries=stream.buckets)
