"""Families read off the last 24 hours of a series, or off its configuration."""

from collections.abc import Callable
from datetime import timedelta

from probe.analysis.window import WindowFigures
from probe.metrics import names
from probe.metrics.family import Family, OfSeries, OfWindow

WINDOW = timedelta(hours=24)


def _window(name: str, about: str, read: Callable[[WindowFigures], float | None]) -> Family:
    return Family(name=name, help=f"{about} Over the last 24 h.", source=OfWindow(read=read))


WINDOW_FAMILIES = (
    _window(
        names.JITTER_SECONDS,
        "Standard deviation of the total latency of successful attempts, within each repeated prompt.",
        lambda figures: figures.jitter_seconds,
    ),
    _window(
        names.VALUE_SCORE,
        "Median tokens per second / USD per million tokens, rounded; a cost of 0 counts as 0.01.",
        lambda figures: figures.value_score,
    ),
    _window(
        names.SUCCESS_RATIO,
        "Successful attempts / attempts, without those that the probe itself did not carry through.",
        lambda figures: figures.success_ratio,
    ),
    _window(
        names.WINDOW_ATTEMPTS,
        "How many attempts jitter, value score and success ratio stand on.",
        lambda figures: figures.attempts,
    ),
)

TARGET_INFO_FAMILY = Family(
    name=names.TARGET_INFO,
    help="The targets that are probed now.",
    labels=("base_url",),
    source=OfSeries(read=lambda series: (series.target.base_url,)),
)
