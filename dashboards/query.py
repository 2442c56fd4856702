"""PromQL over the metric catalogue: a name, a label or a part of a metric that it has not is refused.

    from probe.metrics import names
    metric(names.TTFT_SECONDS, part="_bucket")
    # inference_probe_ttft_seconds_bucket{target=~"$target",provider=~"$provider",…}

Attempts are minutes apart, so that counters are looked at over the whole range shown (`$__range`) or over the
trailing `$window`, never over a few minutes.
"""

from __future__ import annotations

import re
from typing import Literal

from probe.metrics import CATALOGUE
from probe.metrics.family import Family
from probe.rules.promql import UnknownMetric

Part = Literal["", "_bucket", "_sum", "_count"]

# One line of a table or graph about a target. A target may be probed over cold and over warm connections.
SERIES = "target, connection, kind, provider, model, location"
LEGEND = "{{target}} · {{connection}} · {{kind}}"

_FAMILIES = {family.name: family for family in CATALOGUE}
_PARTS: dict[str, tuple[Part, ...]] = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
}
_MATCHER = re.compile(r'(\w+)(?:=|!=|=~|!~)"[^"]*"')
# What Prometheus adds to all that it scrapes.
_SCRAPED = ("job", "instance")
# Labels of the variables that most boards have.
NARROWING = ("kind", "location", "provider", "model", "target")


def family(name: str) -> Family:
    """The family of that full name. Raises UnknownMetric."""
    found = _FAMILIES.get(name)
    if found is None:
        raise UnknownMetric(f"the metric catalogue has no {name!r}")
    return found


def metric(name: str, *matchers: str, part: Part = "", narrowed: tuple[str, ...] = NARROWING) -> str:
    """A selector, `narrowed` by the board's variables as far as the family has their labels.

    A label that a matcher names is not narrowed once more.

    Raises UnknownMetric if the catalogue has no such family, part or label.
    """
    wanted = family(name)
    if part not in _PARTS.get(wanted.kind, ("",)):
        raise UnknownMetric(f"{name}, a {wanted.kind}, has no part {part!r}")
    labels = (*wanted.label_names, *_SCRAPED, *(("le",) if part == "_bucket" else ()))
    matched = {_label(name, labels, matcher) for matcher in matchers}
    by_variable = [f'{each}=~"${each}"' for each in narrowed if each in labels and each not in matched]
    inside = ",".join((*matchers, *by_variable))
    return f"{name}{part}{{{inside}}}" if inside else name + part


def _label(name: str, labels: tuple[str, ...], matcher: str) -> str:
    """The label of a matcher."""
    found = _MATCHER.fullmatch(matcher)
    if found is None or found[1] not in labels:
        raise UnknownMetric(f"{name} has no label for {matcher!r}; it has {', '.join(labels)}")
    return found[1]


def grown(name: str, *matchers: str, by: str = "", part: Part = "", over: str = "$__range") -> str:
    """How much a counter grew in a window, summed `by` labels; restarts of the daemon are seen through."""
    return f"sum by ({by}) (increase({metric(name, *matchers, part=part)}[{over}]))"


def mean(name: str, *matchers: str, by: str = "", over: str = "$__range") -> str:
    """The mean of a histogram or summary in a window; no series if nothing was observed."""
    total = grown(name, *matchers, by=by, part="_sum", over=over)
    return f"{total} / ({grown(name, *matchers, by=by, part='_count', over=over)} > 0)"


def quantile(share: float, name: str, *matchers: str, by: str = "", over: str = "$__range") -> str:
    """A quantile of a histogram in a window; neighbouring buckets are a factor of 1.25 apart."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {grown(name, *matchers, by=labels, part='_bucket', over=over)})"


def n_of(name: str, *matchers: str, by: str = "", over: str = "$__range") -> str:
    """n: on how many observations a quantile or mean of that histogram or summary stands."""
    return f"round({grown(name, *matchers, by=by, part='_count', over=over)})"


def how_many(found: str, among: str) -> str:
    """How many series there are; 0 only if there are others `among` which to look, else nothing."""
    return f"count({found}) or 0 * count({among})"


def latest(name: str, *matchers: str, by: str = SERIES) -> str:
    """A gauge without the labels of the scrape; the larger if two daemons report the same."""
    return f"max by ({by}) ({metric(name, *matchers)})"
