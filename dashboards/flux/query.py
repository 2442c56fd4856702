"""Flux over what the InfluxDB exporter writes.

Every attempt is a point, so that percentiles are exact: those of `exact_mean` are interpolated between the
two nearest ranks, as on the probe's own page. Only an axis of time has bins: as wide as Grafana's interval.

    ttft = attempt_field(names.LAST_TTFT_SECONDS)
    pipe(attempts(ttft), by(*SERIES), quantile(0.5))

https://docs.influxdata.com/flux/v0/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from dashboards.flux.fields import ATTEMPT, column, status_field, tag
from dashboards.flux.variables import NARROWING, chosen_tags

# One line of a table or graph about a target. A target may be probed over cold and over warm connections.
SERIES = ("target", "connection")

_IN_SIGHT = "range(start: v.timeRangeStart, stop: v.timeRangeStop)"
_BINS = 'every: v.windowPeriod, createEmpty: false, timeSrc: "_start"'
_BINS_AND_GAPS = 'every: v.windowPeriod, createEmpty: true, timeSrc: "_start"'
# The first bin begins where all others do, at a multiple of its width, so that points of all series align.
_ALIGNED = "truncateTimeColumn(unit: v.windowPeriod)"


def pipe(*steps: str) -> str:
    """One step after another; empty ones are left out."""
    return "\n  |> ".join(filter(None, steps))


def measured(measurement: str, *conditions: str, since: str = "") -> str:
    """The points in sight of which these conditions about `r` hold; `since` begins then instead."""
    return pipe(
        "from(bucket: v.defaultBucket)",
        f"range(start: {since})" if since else _IN_SIGHT,
        f'filter(fn: (r) => r._measurement == "{measurement}")',
        *(f"filter(fn: (r) => {condition})" for condition in conditions if condition),
    )


def attempts(*fields: str, where: str = "", since: str = "") -> str:
    """These fields of the attempts that the board's variables leave; `where` is about `r`."""
    return measured(ATTEMPT, _any_of(fields), chosen_tags(*NARROWING), where, since=since)


def daemon_status(*metrics: str, where: str = "") -> str:
    """What the daemon reported of itself: metrics with the same labels."""
    places = [status_field(metric) for metric in metrics]
    (measurement,) = {measurement for measurement, _ in places}
    return measured(measurement, _any_of([field for _, field in places]), chosen_tags("location"), where)


def _any_of(fields: Sequence[str]) -> str:
    return " or ".join(f'r._field == "{field}"' for field in fields)


def tagged(name: str, operator: Literal["==", "!=", "=~"], value: str) -> str:
    """A condition about a tag of `r`; `value` is a text, or what stands between the slashes of a pattern."""
    return f"r.{tag(name)} {operator} " + (f"/{value}/" if operator == "=~" else f'"{value}"')


def by(*columns: str) -> str:
    """A table for each combination of these."""
    return f"group(columns: {_listed(map(column, columns))})"


def keep(*columns: str) -> str:
    """Nothing but these."""
    return f"keep(columns: {_listed(map(column, columns))})"


def exact_quantile(share: float) -> str:
    """Over all attempts of a table."""
    return f'quantile(q: {share}, method: "exact_mean")'


def binned(function: str, *, gaps: bool = False) -> str:
    """`mean`, `sum`, `count`, `last`, `max` … of each bin of time, at its beginning.

    Bins without an attempt are left out, or are null: then a graph knows where there was nothing.
    """
    return pipe(f"aggregateWindow({_BINS_AND_GAPS if gaps else _BINS}, fn: {function})", _ALIGNED)


def binned_quantile(share: float, *keys: str) -> str:
    """Over the attempts of each bin of time, by these columns; fewer columns are windowed sooner."""
    body = f'tables |> quantile(q: {share}, method: "exact_mean", column: column)'
    return pipe(
        keep("_time", "_value", *keys),
        by(*keys),
        f"aggregateWindow({_BINS}, fn: (column, tables=<-) => {body})",
        _ALIGNED,
    )


def percentiles(stream: str, shares: Mapping[str, float]) -> str:
    """Quantiles over each bin of time, each a line of its name."""
    found = [pipe(stream, binned_quantile(share), called(name)) for name, share in shares.items()]
    return pipe(_union(found), keep("_time", "_value", "_field"), by("_field"))


def histogram(bounds: Sequence[float]) -> str:
    """How many attempts of each bin of time fall into each bucket, called by its upper bound."""
    bins = ", ".join(f"{bound:.4f}" for bound in bounds)
    return pipe(
        keep("_time", "_value"),
        "group()",
        "window(every: v.windowPeriod)",
        f"histogram(bins: [0.0, {bins}])",
        "difference()",
        "filter(fn: (r) => r._value > 0.0)",
        "map(fn: (r) => ({_time: r._start, _value: r._value, _field: string(v: r.le)}))",
        _ALIGNED,
        # A heatmap takes the time of a cell for its end.
        "timeShift(duration: v.windowPeriod)",
        by("_field"),
        'sort(columns: ["_time"])',
    )


def extreme(function: str, *keys: str) -> str:
    """The attempt with the `max` or `min` of each bin of time, at its own instant, by these columns.

    Looking within each stored series first lets the store do it, which makes a year quick.
    """
    within = pipe("window(every: v.windowPeriod)", f"{function}()")
    kept = keep("_time", "_value", *keys)
    return pipe(within, kept, by(*keys), within, by(*keys), 'sort(columns: ["_time"])')


def latest_point(*keys: str) -> str:
    """The latest point by these columns; first within each stored series, which the store does quickly."""
    return pipe("last()", by(*keys), 'sort(columns: ["_time"])', "last()")


def changed(expression: str) -> str:
    """The value of each point as this expression of `r._value`."""
    return f"map(fn: (r) => ({{r with _value: {expression}}}))"


def called(name: str) -> str:
    """The same points under another name of a field, which is what Grafana calls them."""
    return f'set(key: "_field", value: "{name}")'


def beside(streams: Mapping[str, str], keys: Sequence[str]) -> str:
    """One table: a row for each combination of `keys`, a column for each stream under its name."""
    named = [pipe(stream, called(name), by(*keys, "_field")) for name, stream in streams.items()]
    return pipe(
        _union(named),
        "group()",
        f'pivot(rowKey: {_listed(keys)}, columnKey: ["_field"], valueColumn: "_value")',
    )


def _union(streams: Iterable[str]) -> str:
    return "union(tables: [\n" + ",\n".join(streams) + "\n])"


def _listed(columns: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{column}"' for column in columns) + "]"
