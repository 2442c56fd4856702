"""Statistics over samples: pure functions, one definition of every figure that is more than one attempt."""

from probe.analysis.hourly import Hour, hourly
from probe.analysis.jitter import Light, jitter_light, jitter_seconds
from probe.analysis.percentile import percentile, samples_needed
from probe.analysis.point import Point, point_of
from probe.analysis.summary import Distribution, Summary, describe, summarise
from probe.analysis.value import cost_per_million_usd, value_score

__all__ = [
    "Distribution",
    "Hour",
    "Light",
    "Point",
    "Summary",
    "cost_per_million_usd",
    "describe",
    "hourly",
    "jitter_light",
    "jitter_seconds",
    "percentile",
    "point_of",
    "samples_needed",
    "summarise",
    "value_score",
]
