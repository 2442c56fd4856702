"""Families read off the last 24 hours of a series, or off its configuration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from probe.analysis import WindowFigures
from probe.metrics.family import PREFIX, Family, OfSeries, OfWindow

WINDOW = timedelta(hours=24)


def _window(name: str, unit: str, about: str, read: Callable[[WindowFigures], float | None]) -> Family:
    return Family(
        name=f"{PREFIX}{name}",
        kind="gauge",
        unit=unit,
        help=f"{about} Over the last 24 h.",
        source=OfWindow(read=read),
    )


WINDOW_FAMILIES = (
    _window(
        "jitter_seconds",
        "seconds",
        "Standard deviation of the total latency of successful attempts, 0 for a single one.",
        lambda figures: figures.jitter_seconds,
    ),
    _window(
        "value_score",
        "",
        "Mean tokens per second / USD per million tokens, rounded.",
        lambda figures: figures.value_score,
    ),
    _window(
        "success_ratio",
        "ratio",
        "Successful attempts / attempts, without those that the probe itself did not carry through.",
        lambda figures: figures.success_ratio,
    ),
    _window(
        "window_attempts",
        "",
        "How many attempts jitter, value score and success ratio stand on.",
        lambda figures: figures.attempts,
    ),
)

TARGET_INFO = Family(
    name=f"{PREFIX}target_info",
    kind="info",
    help="The targets that are probed now.",
    labels=("base_url",),
    source=OfSeries(read=lambda series: (series.target.base_url,)),
)
