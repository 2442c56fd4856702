"""Panels, each with its unit, what it shows and why it may be empty.

A panel is made of `PanelText` and of queries; what is left to say is said on the SDK's own builder:

    graph(PanelText("TTFT", "Time to first token of each attempt.", SECONDS), ask(expression, LEGEND)).min(0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
    xychart,
)
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions, HeatmapTooltip, YAxisConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import FieldColor, Panel, ThresholdsConfig, ValueMapping
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.xychart import XYShowMode

from dashboards.palette import BLUE, MUTED
from dashboards.style import (
    COUNT,
    NO_UNIT,
    PLAIN,
    Steps,
    by_name,
    by_threshold,
    coloured,
    prop,
    texts,
    thresholds,
    unknown,
)

AnyPanel = Builder[Panel]
Query = Builder[Dataquery]

# Points of a graph over time: enough for a wide screen, few enough for quantiles of a hundred targets.
_POINTS = 240
# Steps of what is counted: a minute up to five hours, five minutes of a day. Small against the time from a
# failure to whoever is called for it.
_STEPS, _LEAST_STEP = 288, "1m"
# Names on an axis are cut at their end.
_MOST_LETTERS = 36
# What fits into a tile in place of a number.
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of 24 columns, and in steps of 30 pixels. On a phone each panel has the whole width."""

    width: int
    height: int


SMALL = Size(width=4, height=3)
WIDE_STAT = Size(width=6, height=4)
HALF = Size(width=12, height=9)
# Room for the legend of three percentiles and n.
TALL = Size(width=12, height=10)
THIRD = Size(width=8, height=9)
WHOLE = Size(width=24, height=9)


@dataclass(frozen=True, slots=True)
class PanelText:
    """`about` is what a reader should know of the figure, `empty` why there may be none."""

    title: str
    about: str
    unit: str
    empty: str = "No attempt in this time: see Probe health, or choose a longer one."


class _Dressed(Protocol):
    """What the builders of all panels have in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def with_target(self, target: Builder[Dataquery]) -> Self: ...
    def thresholds(self, thresholds: Builder[ThresholdsConfig]) -> Self: ...
    def color_scheme(self, color: Builder[FieldColor]) -> Self: ...
    def mappings(self, mappings: list[ValueMapping]) -> Self: ...


P = TypeVar("P", bound=_Dressed)


def dress(panel: P, text: PanelText, size: Size, *queries: Query) -> P:
    """Give a panel of any kind its words, its unit, its size and its queries."""
    panel.title(text.title).description(text.about).unit(text.unit).no_value(text.empty)
    panel.span(size.width).height(size.height)
    for query in queries:
        panel.with_target(query)
    return panel


def ask(expression: str, legend: str = "", ref: str = "A") -> Query:
    """A line of a graph over time for each series."""
    return prometheus.Dataquery().expr(expression).legend_format(legend or "__auto").range().ref_id(ref)


def ask_now(expression: str, legend: str = "", ref: str = "A") -> Query:
    """One number for each series, over the time that is shown."""
    return prometheus.Dataquery().expr(expression).legend_format(legend or "__auto").instant().ref_id(ref)


def ask_rows(expression: str, ref: str = "A") -> Query:
    """A row of a table for each series, a column for each label."""
    query = prometheus.Dataquery().expr(expression).instant().ref_id(ref)
    return query.format(PromQueryFormat.TABLE)


def ask_buckets(expression: str, ref: str = "A") -> Query:
    """The buckets of a histogram, which a heatmap draws."""
    query = prometheus.Dataquery().expr(expression).legend_format("{{le}}").range().ref_id(ref)
    return query.format(PromQueryFormat.HEATMAP)


def graph(text: PanelText, *queries: Query, size: Size = HALF) -> timeseries.Panel:
    """Lines over time. A gap is an answer that did not come."""
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(shapes.LegendDisplayMode.TABLE)
        .placement(shapes.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
        .sort_by("Last *")
        .sort_desc(True)
    )
    tooltip = (
        common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
    )
    panel = timeseries.Panel().legend(legend).tooltip(tooltip).max_data_points(_POINTS)
    panel.line_width(1.5).fill_opacity(0).show_points(shapes.VisibilityMode.AUTO).point_size(4)
    panel.min(0).color_scheme(by_name())
    return dress(panel, text, size, *queries)


def log_graph(text: PanelText, *queries: Query, size: Size = HALF) -> timeseries.Panel:
    """A graph of what differs by factors; its axis ends at a power of two."""
    doubles = common.ScaleDistributionConfig().type(shapes.ScaleDistribution.LOG).log(2)
    return graph(text, *queries, size=size).scale_distribution(doubles)


def steps(text: PanelText, *queries: Query, size: Size = HALF) -> timeseries.Panel:
    """A figure that holds until it changes, such as a price."""
    panel = graph(text, *queries, size=size)
    return panel.line_interpolation(shapes.LineInterpolation.STEP_AFTER).fill_opacity(0).line_width(2)


def stacked(text: PanelText, *queries: Query, size: Size = HALF) -> timeseries.Panel:
    """Parts of a whole over time, as bars, each over the step that begins at its instant."""
    panel = graph(text, *queries, size=size)
    panel.draw_style(shapes.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
    panel.bar_alignment(shapes.BarAlignment.AFTER).bar_width_factor(1)
    panel.max_data_points(_STEPS).interval(_LEAST_STEP).legend(_names_only())
    if text.unit == COUNT:
        panel.decimals(0)
    return panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))


def stat_panel(
    text: PanelText,
    *queries: Query,
    size: Size = SMALL,
    at: Steps = PLAIN,
    words: Mapping[str, tuple[str, str]] | None = None,
) -> stat.Panel:
    """One large number, or a few, coloured by its thresholds; `words` stand for numbers that are states.

    What is unknown is a word in grey, and why it may be so stands in the description.
    """
    panel = stat.Panel().reduce_options(_last()).graph_mode(shapes.BigValueGraphMode.NONE)
    panel.thresholds(thresholds(at)).color_scheme(by_threshold())
    panel.color_mode(shapes.BigValueColorMode.VALUE).text_mode(shapes.BigValueTextMode.VALUE)
    return _with_word(panel, text, size, *queries, words=words)


def _with_word(
    panel: P, text: PanelText, size: Size, *queries: Query, words: Mapping[str, tuple[str, str]] | None = None
) -> P:
    short = text.empty if len(text.empty) <= _SHORT else "unknown"
    about = text.about if short == text.empty else f"{text.about} Unknown: {text.empty}"
    panel.mappings([*texts(words or {}), unknown(short)])
    return dress(panel, PanelText(text.title, about, text.unit, short), size, *queries)


def named_stat(text: PanelText, *queries: Query, size: Size = WIDE_STAT, at: Steps = PLAIN) -> stat.Panel:
    """A number with the name of whose it is: the fastest, the cheapest."""
    panel = stat_panel(text, *queries, size=size, at=at)
    panel.text_mode(shapes.BigValueTextMode.VALUE_AND_NAME)
    return panel.text(common.VizTextDisplayOptions().title_size(14).value_size(28))


def bars(text: PanelText, *queries: Query, size: Size = HALF, at: Steps = PLAIN) -> bargauge.Panel:
    """A bar for each series, its name above it, so that long names fit on a phone."""
    panel = bargauge.Panel().reduce_options(_last()).orientation(shapes.VizOrientation.HORIZONTAL)
    panel.display_mode(shapes.BarGaugeDisplayMode.BASIC).value_mode(shapes.BarGaugeValueMode.TEXT)
    panel.name_placement(shapes.BarGaugeNamePlacement.TOP).show_unfilled(True).min(0)
    panel.thresholds(thresholds(at)).color_scheme(by_threshold())
    panel.text(common.VizTextDisplayOptions().title_size(14).value_size(18)).max_viz_height(60)
    return _with_word(panel, text, size, *queries)


def parted_bars(text: PanelText, *queries: Query, size: Size = HALF) -> barchart.Panel:
    """Horizontal bars, each of parts one after the other."""
    panel = (
        barchart.Panel().orientation(shapes.VizOrientation.HORIZONTAL).stacking(shapes.StackingMode.NORMAL)
    )
    panel.show_value(shapes.VisibilityMode.NEVER).fill_opacity(80).line_width(0).bar_width(0.7)
    panel.x_tick_label_max_length(_MOST_LETTERS).legend(_names_only())
    panel.tooltip(
        common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.NONE)
    )
    return dress(panel, text, size, *queries)


def states(
    text: PanelText,
    *queries: Query,
    words: Mapping[str, tuple[str, str]],
    size: Size = WHOLE,
    page: int | None = None,
) -> statetimeline.Panel:
    """A band for each series that changes its colour with its state: since when. Bands may fill pages."""
    panel = statetimeline.Panel().merge_values(True).show_value(shapes.VisibilityMode.NEVER)
    panel.row_height(0.8).line_width(0).fill_opacity(80)
    # Two scrapes lie in a step, so that one that is late makes no gap.
    panel.max_data_points(_POINTS).interval("30s")
    panel.legend(common.VizLegendOptions().show_legend(False)).mappings(list(texts(words)))
    if page is None:
        panel.disable_pagination()
    else:
        panel.per_page(page)
    return dress(panel, text, size, *queries)


def buckets(text: PanelText, query: Query, size: Size = HALF) -> heatmap.Panel:
    """A histogram over time, its columns as wide as the bars of `stacked`."""
    colour = HeatmapColorOptions().mode(HeatmapColorMode.OPACITY).fill(BLUE).exponent(0.5).steps(64)
    panel = heatmap.Panel().calculate(False).color(colour).cell_gap(1)
    panel.max_data_points(_STEPS).interval(_LEAST_STEP)
    panel.y_axis(YAxisConfig().unit(text.unit)).tooltip(HeatmapTooltip().y_histogram(True))
    panel.exemplars_color("rgba(255,255,255,0.7)")
    return dress(panel, PanelText(text.title, text.about, NO_UNIT, text.empty), size, query)


def scatter(text: PanelText, *queries: Query, across: str, unit: str, size: Size = HALF) -> xychart.Panel:
    """A point for each frame, named below; the axis across is its first number, called `across`."""
    panel = xychart.Panel().legend(_names_only()).show(XYShowMode.POINTS).fill_opacity(80)
    panel.point_size(xychart.XychartFieldConfigPointSize().fixed(10))
    panel.override_by_regexp(f"^{across}.*", [prop("unit", unit), prop("decimals", 1)])
    return dress(panel, text, size, *queries)


# The state of a band where nothing was told of anything.
NOTHING_KNOWN = "-1"
UNSCRAPED = {NOTHING_KNOWN: ("not scraped", MUTED)}


def bands_of(expression: str, labels: str, nothing: str) -> str:
    """A state for each series, named by its label `of`; where there is none at all, one that says so.

    Without any band Grafana writes that data has no field of time.
    """
    joined = ", ".join(f'"{label}"' for label in labels.split(", "))
    named = f'label_join({expression}, "of", " · ", {joined})'
    return f'{named} or on () label_replace(vector({NOTHING_KNOWN}), "of", "{nothing}", "", "")'


# How any n looks, and one that is called so.
_PLAIN_N = [prop("unit", COUNT), prop("decimals", 0), *coloured(MUTED)]
N = [*_PLAIN_N, prop("displayName", "n")]
N_REF = "N"


def with_n(panel: timeseries.Panel, expression: str, legend: str = "n") -> timeseries.Panel:
    """The same graph with n, on how many attempts each point stands: in the legend alone.

    Drawn, the n of windows that overlap would look like load.
    """
    query = ask(expression, legend, N_REF)
    told = [
        prop("custom.axisPlacement", "hidden"),
        prop("custom.hideFrom", {"viz": True, "legend": False, "tooltip": False}),
    ]
    return panel.with_target(query).override_by_query(N_REF, [*_PLAIN_N, *told])


def with_n_drawn(panel: timeseries.Panel, query: Query) -> timeseries.Panel:
    """The same graph with n as faint bars on an axis of its own; the query is that of `N_REF`."""
    drawn = {
        "custom.axisPlacement": "right",
        "custom.axisLabel": "n",
        "custom.axisGridShow": False,
        "custom.drawStyle": "bars",
        "custom.lineWidth": 0,
        "custom.fillOpacity": 16,
    }
    faint = [prop(name, value) for name, value in drawn.items()]
    return panel.with_target(query).override_by_query(N_REF, [*N, *faint])


def stat_panel_with_n(panel: stat.Panel, expression: str) -> stat.Panel:
    """The same number, and beside it n."""
    return panel.with_target(ask_now(expression, "n", N_REF)).override_by_query(N_REF, N)


def _names_only() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).calcs([])
    return legend.display_mode(shapes.LegendDisplayMode.LIST).placement(shapes.LegendPlacement.BOTTOM)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
