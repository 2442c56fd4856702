"""Metrics as messages of OTLP, cut into parts that one request can carry: pure."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    DataPointFlags,
    ExponentialHistogramDataPoint,
    Metric,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar as EncodedExemplar
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from exporters.accumulators import Counter, Exemplar, Histogram
from exporters.otlp.attributes import Attributes, Value
from exporters.otlp.conventions import Instrument
from exporters.otlp.exponential import ExponentialHistogram
from exporters.otlp.settings import Temporality
from exporters.otlp.spans import span_id_of

# Servers take a few megabytes (gRPC 4 by default), and a point is some 200 bytes.
POINTS_AT_ONCE: Final = 5000
_TEMPORALITIES: Final = {
    "cumulative": AGGREGATION_TEMPORALITY_CUMULATIVE,
    "delta": AGGREGATION_TEMPORALITY_DELTA,
}
_NOT_THERE: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK

Accumulator = Counter | Histogram | ExponentialHistogram


class TotalPoint(NamedTuple):
    """What was added since `start_ns`. Instants are Unix time."""

    attributes: Sequence[KeyValue]
    start_ns: int
    total: Accumulator


class GaugePoint(NamedTuple):
    """`value` is None if there was one and is none now: a gap, which a last value that stays would hide.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#no-recorded-value
    """

    attributes: Sequence[KeyValue]
    value: float | None


def key_values(attributes: Attributes) -> Sequence[KeyValue]:
    return [_key_value(name, value) for name, value in attributes.items()]


@lru_cache(maxsize=8192, typed=True)
def _key_value(name: str, value: Value) -> KeyValue:
    """The same few stand at every point, which copies them: to build them is most of what a point costs."""
    return KeyValue(key=name, value=_any_value(value))


def _any_value(value: Value) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case _:
            return AnyValue(string_value=str(value))


def request_of(
    resource: Attributes, scope: str, version: str, metrics: Iterable[Metric]
) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    sent = request.resource_metrics.add(resource=Resource(attributes=key_values(resource)))
    sent.scope_metrics.add(scope=InstrumentationScope(name=scope, version=version), metrics=metrics)
    return request


def gauge_metric(instrument: Instrument, points: Iterable[GaugePoint], now_ns: int) -> Metric:
    metric = _named(instrument)
    for attributes, value in points:
        if value is None:
            metric.gauge.data_points.add(attributes=attributes, time_unix_nano=now_ns, flags=_NOT_THERE)
        else:
            metric.gauge.data_points.add(attributes=attributes, time_unix_nano=now_ns, as_double=value)
    return metric


def total_metric(
    instrument: Instrument, points: Iterable[TotalPoint], now_ns: int, temporality: Temporality
) -> Metric:
    """At least one point, and all of them with one kind of total."""
    metric = _named(instrument)
    for attributes, start_ns, total in points:
        shared: dict[str, Any] = {
            "attributes": attributes,
            "start_time_unix_nano": start_ns,
            "time_unix_nano": now_ns,
            "exemplars": map(_exemplar, total.exemplars()),
        }
        match total:
            case Counter():
                metric.sum.data_points.add(as_double=total.value, **shared)
            case Histogram():
                metric.histogram.data_points.add(
                    bucket_counts=total.counts, explicit_bounds=total.bounds, **_distribution(total), **shared
                )
            case ExponentialHistogram():
                metric.exponential_histogram.data_points.add(
                    scale=total.scale,
                    zero_count=total.zero_count,
                    positive=ExponentialHistogramDataPoint.Buckets(
                        offset=total.offset, bucket_counts=total.bucket_counts()
                    ),
                    **_distribution(total),
                    **shared,
                )
    data = getattr(metric, metric.WhichOneof("data") or "")
    data.aggregation_temporality = _TEMPORALITIES[temporality]
    if instrument.kind == "counter":
        metric.sum.is_monotonic = True
    return metric


def _distribution(total: Histogram | ExponentialHistogram) -> dict[str, Any]:
    if not total.count:
        return {"count": 0, "sum": total.sum}
    return {"count": total.count, "sum": total.sum, "min": total.min, "max": total.max}


def _exemplar(exemplar: Exemplar) -> EncodedExemplar:
    value, attempt = exemplar
    return EncodedExemplar(
        time_unix_nano=attempt.ended_ns,
        as_double=value,
        trace_id=attempt.run_id.bytes,
        span_id=span_id_of(attempt.id).to_bytes(8),
    )


def _named(instrument: Instrument) -> Metric:
    return Metric(name=instrument.name, description=instrument.help, unit=instrument.unit)


def parts(metrics: Iterable[Metric]) -> Iterator[list[Metric]]:
    """The same points in lists of at most so many."""
    part: list[Metric] = []
    room = POINTS_AT_ONCE
    for metric in metrics:
        for piece in _pieces(metric):
            count = len(points_of(piece))
            if count > room and part:
                yield part
                part, room = [], POINTS_AT_ONCE
            part.append(piece)
            room -= count
    if part:
        yield part


def _pieces(metric: Metric) -> Iterator[Metric]:
    points = points_of(metric)
    if len(points) <= POINTS_AT_ONCE:
        yield metric
        return
    for start in range(0, len(points), POINTS_AT_ONCE):
        piece = Metric()
        piece.CopyFrom(metric)
        del points_of(piece)[start + POINTS_AT_ONCE :]
        del points_of(piece)[:start]
        yield piece


def points_of(metric: Metric) -> Any:
    """The points of whatever kind of data a metric holds, as a list that can be changed."""
    kind = metric.WhichOneof("data")
    return [] if kind is None else getattr(metric, kind).data_points
