"""How much goes into one request: pure."""

from __future__ import annotations

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, Sum

from exporters.otlp.encode import POINTS_AT_ONCE, parts, points_of


@pytest.mark.parametrize("count", [1, POINTS_AT_ONCE, POINTS_AT_ONCE + 1, 2 * POINTS_AT_ONCE + 3])
def test_one_metric_of_many_points_is_cut(count: int) -> None:
    points = [NumberDataPoint(time_unix_nano=number) for number in range(count)]
    large = Metric(name="large", unit="s", sum=Sum(is_monotonic=True, data_points=points))
    small = Metric(name="small", gauge=Gauge(data_points=points[:1]))
    cut = list(parts([small, large, small]))
    sizes = [sum(len(points_of(metric)) for metric in part) for part in cut]
    assert max(sizes) <= POINTS_AT_ONCE
    pieces = [metric for part in cut for metric in part if metric.name == "large"]
    assert [point.time_unix_nano for piece in pieces for point in points_of(piece)] == list(range(count))
    assert all((piece.unit, piece.sum.is_monotonic) == ("s", True) for piece in pieces)
