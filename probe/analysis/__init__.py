"""Statistics over samples: pure functions, one definition of every figure that is more than one attempt."""

from probe.analysis.distribution import Distribution, describe
from probe.analysis.hourly import hourly_medians
from probe.analysis.jitter import Light, jitter_light, jitter_seconds
from probe.analysis.percentile import percentile, samples_needed
from probe.analysis.reported import Split, accounted_seconds, served_seconds, split
from probe.analysis.spread import Spread, spread
from probe.analysis.summary import Summary, success_ratio, summarise
from probe.analysis.tally import OWN_FAILURES, Tally, failure_kind, tally, timed
from probe.analysis.value import cost_per_million_usd, value_score
from probe.analysis.window import Window, WindowFigures

__all__ = [
    "OWN_FAILURES",
    "Distribution",
    "Light",
    "Split",
    "Spread",
    "Summary",
    "Tally",
    "Window",
    "WindowFigures",
    "accounted_seconds",
    "cost_per_million_usd",
    "describe",
    "failure_kind",
    "hourly_medians",
    "jitter_light",
    "jitter_seconds",
    "percentile",
    "samples_needed",
    "served_seconds",
    "split",
    "spread",
    "success_ratio",
    "summarise",
    "tally",
    "timed",
    "value_score",
]
