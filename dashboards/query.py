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

from probe.metrics import CATALOGUE, names
from probe.metrics.family import Family
from probe.metrics.names import PREFIX
from probe.rules.promql import UnknownMetric
from probe.rules.sparse import COPIED

Part = Literal["", "_bucket", "_sum", "_count"]

# One line of a table or graph about a target. A target may be probed over cold and over warm connections.
SERIES = "target, connection, kind, provider, model, location"
LEGEND = "{{target}} · {{connection}} · {{location}}"

_FAMILIES = {family.name: family for family in CATALOGUE}
_PARTS: dict[str, tuple[Part, ...]] = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
}
_MATCHER = re.compile(r'(\w+)(?:=|!=|=~|!~)"[^"]*"')
# What Prometheus adds to all that it scrapes.
_SCRAPED = ("job", "instance")
# The window of one step of a graph over time, from the instant of its point on: see `in_steps`.
STEP = "$__interval offset -$__interval"
# The same for `increase`, which needs one scrape more.
RATE_STEP = "$__rate_interval offset -$__interval"
# Over which a counter is known from before, if nobody was scraped meanwhile.
_LONGEST_GAP = "1h"
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
    counter = back(metric(name, *matchers, part=part))
    return f"sum by ({by}) (increase({over_window(counter, over)}))"


def back(selector: str, *, heatmap: bool = False) -> str:
    """The selector, of the copies with fewer samples where the board is to look back for long.

    The hidden variable `samples` says which; a `heatmap` needs a sample in each of its steps.
    """
    name = re.split(r"\W", selector, maxsplit=1)[0]
    if name not in COPIED:
        return selector
    which = "samples" if name.endswith("_bucket") and not heatmap else "samples:text"
    return f"${{{which}}}{selector.removeprefix(PREFIX)}"


def over_window(selector: str, over: str) -> str:
    """The selector over a window, which may have an offset behind it."""
    window, *offset = over.split(" ", 1)
    return " ".join((f"{selector}[{window}]", *offset))


def in_steps(name: str, *matchers: str, by: str = "", part: Part = "", ahead: bool = True) -> str:
    """How much a counter grew in each step of a graph: `ahead` of a point's instant, or up to it.

    Grafana rounds the end of its range down to a step: looking ahead finds what happened since. A difference
    of two instants is exact, where `increase` extrapolates; what fell began anew, and is all new.
    """
    counter = back(metric(name, *matchers, part=part), heatmap=True)
    step = "$__interval"
    now = over_window(counter, f"{step} offset -{step}" if ahead else step)
    before = over_window(counter, _LONGEST_GAP if ahead else f"{_LONGEST_GAP} offset {step}")
    latest_, past = f"last_over_time({now})", f"last_over_time({before})"
    return f"sum by ({by}) ({latest_} - {past} >= 0 or {latest_})"


def counted_in_steps(name: str, *matchers: str, by: str = "") -> str:
    """The same in whole numbers, where there is any."""
    return f"{in_steps(name, *matchers, by=by)} > 0"


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


def state(name: str, *matchers: str, by: str = SERIES) -> str:
    """A gauge over the steps of a timeline, in each as it ends: the newest, not over yet, is as now."""
    return f"max by ({by}) (last_over_time({over_window(back(metric(name, *matchers)), STEP)}))"


def last_known(name: str, *matchers: str, by: str = SERIES) -> str:
    """A gauge as it is; where the probe is not scraped that told of it, as it was last in the time shown."""
    selector = metric(name, *matchers)
    build = metric(names.BUILD_INFO)
    gone = f"count by (location) ({in_range(build)}) unless on (location) {build}"
    past = f"max by ({by}) ({in_range(selector)}) and on (location) ({gone})"
    return f"({latest(name, *matchers, by=by)} or {past})"


def in_range(selector: str) -> str:
    """Whatever was there at any time of the range, also what is gone since."""
    return f"last_over_time({back(selector)}[$__range])"


def latest(name: str, *matchers: str, by: str = SERIES) -> str:
    """A gauge without the labels of the scrape; the larger if two daemons report the same."""
    return f"max by ({by}) ({metric(name, *matchers)})"
