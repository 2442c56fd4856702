"""The step of a query, and what intervals stand for, as Grafana's Prometheus plug-in reckons them.

https://github.com/grafana/grafana/blob/v12.3.0/pkg/promlib/models/query.go
"""

from dataclasses import dataclass

SCRAPE_SECONDS = 15
_MOST_POINTS = 11_000
# Up to which interval which round one is taken (`roundInterval` of Grafana's intervalv2), in seconds.
_ROUND = (
    *((1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120)),
    *((450, 300), (750, 600), (1050, 900), (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200)),
    *((16_200, 10_800), (32_400, 21_600), (86_400, 43_200), (604_800, 86_400)),
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that a board shows, Unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def seconds_of(duration: str) -> float:
    """Of `15s`, `30m`, `24h`."""
    return float(duration[:-1]) * _UNITS[duration[-1]]


def step_seconds(span: Span, points: int, least: str | None) -> int:
    """Between two points of a graph of at most so many, not closer than `least`."""
    lowest = seconds_of(least) if least else SCRAPE_SECONDS
    wanted = max(span.seconds / points, span.seconds / _MOST_POINTS)
    return round(max(lowest, next(rounded for bound, rounded in _ROUND if wanted < bound)))


def intervals(span: Span, step: int, min_step: str | None = None) -> dict[str, str]:
    """The values of `$__interval` and its kin. `min_step` is that of the query, not of its panel."""
    scrape = seconds_of(min_step) if min_step else SCRAPE_SECONDS
    rate = round(max(step + scrape, 4 * scrape))
    return {
        "__interval_ms": str(step * 1000),
        "__interval": f"{step}s",
        "__range_ms": str(round(span.seconds * 1000)),
        "__range_s": str(round(span.seconds)),
        "__range": f"{round(span.seconds)}s",
        "__rate_interval_ms": str(rate * 1000),
        "__rate_interval": f"{rate}s",
    }


def aligned(span: Span, step: int) -> Span:
    """Both ends of a range are rounded down to a multiple of the step."""
    return Span(start=span.start // step * step, end=span.end // step * step)
