"""Metrics as they are encoded, cut into parts that one request can carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

# Servers take a few megabytes (gRPC 4 by default), and a point is some 200 bytes.
POINTS_AT_ONCE: Final = 5000


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
