"""Statistics over samples: pure functions, one definition of every figure that is more than one attempt."""

from probe.analysis.distribution import Distribution, Spread, distribution_of, spread
from probe.analysis.jitter import Light, jitter_light, jitter_seconds
from probe.analysis.percentile import hourly_medians, percentile, samples_needed
from probe.analysis.reported import Split, accounted_seconds, served_seconds, split
from probe.analysis.summary import Summary, success_ratio, summarise
from probe.analysis.tally import OWN_FAILURES, Tally, failure_kind, tally, timed
from probe.analysis.value import cost_per_million_usd, value_score
from probe.analysis.window import RollingWindow, WindowFigures

__all__ = [
    "OWN_FAILURES",
    "Distribution",
    "Light",
    "RollingWindow",
    "Split",
    "Spread",
    "Summary",
    "Tally",
    "WindowFigures",
    "accounted_seconds",
    "cost_per_million_usd",
    "distribution_of",
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
