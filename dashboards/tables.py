"""Tables with a row for each series: some of its labels, and a column for each figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import table as sdk
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import TableSortByFieldState as SortBy
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, Panel

from dashboards.palette import BLUE
from dashboards.panels import WHOLE, PanelText, Query, Size, ask, ask_rows, dress
from dashboards.style import (
    AGO,
    COUNT,
    FACTOR,
    MOMENT,
    NO_UNIT,
    RATIO,
    SECONDS,
    TOKENS_PER_SECOND,
    USD,
    Steps,
    as_milliseconds,
    coloured,
    prop,
    text_property,
    threshold_property,
    unknown,
)

Cell = Literal["text", "light", "gauge", "trend"]
UNKNOWN = "–"
_LEAST_WIDTH = 60
# Of a column, so that its largest numbers keep their sign and first digits: a narrow table is scrolled.
_PADDING, _LETTER = 28, 8
_WIDTHS = {
    SECONDS: 88,
    COUNT: 76,
    RATIO: 84,
    USD: 96,
    FACTOR: 84,
    TOKENS_PER_SECOND: 112,
    AGO: 125,  # "a few seconds ago"
    MOMENT: 170,
}
_MOST_COLUMNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A column with a label of the series; `texts` give its values a text and a colour, `link` an address.

    One that `grows` takes what room there is, and `width` at least. A `hidden` one is there for links.
    """

    name: str
    title: str
    width: int | None = None
    grows: bool = False
    hidden: bool = False
    texts: Mapping[str, tuple[str, str]] | None = None
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """A column with a number. `expression` must have exactly the labels of the table.

    A `light` is the number on its threshold's colour, a `trend` the course of a query. `texts` stand
    for numbers that are states.
    """

    title: str
    expression: str
    unit: str
    at: Steps | None = None
    cell: Cell = "text"
    width: int | None = None
    decimals: int | None = None
    texts: Mapping[str, tuple[str, str]] | None = None


def in_seconds(
    title: str, expression: str, *, at: Steps | None = None, cell: Cell = "text", width: int | None = None
) -> NumberColumn:
    """A duration."""
    return NumberColumn(title=title, expression=expression, unit=SECONDS, at=at, cell=cell, width=width)


def in_count(
    title: str, expression: str, *, at: Steps | None = None, width: int | None = None
) -> NumberColumn:
    """A whole number of things."""
    return NumberColumn(title=title, expression=expression, unit=COUNT, at=at, width=width, decimals=0)


def in_dollars(
    title: str, expression: str, *, decimals: int | None = 4, width: int | None = None
) -> NumberColumn:
    """Money; an answer costs fractions of a cent, and a price has as many decimals as it has."""
    return NumberColumn(title=title, expression=expression, unit=USD, decimals=decimals, width=width)


def in_percent(
    title: str, expression: str, *, at: Steps | None = None, cell: Cell = "text", width: int | None = None
) -> NumberColumn:
    """A ratio in percent."""
    return NumberColumn(
        title=title, expression=expression, unit=RATIO, at=at, cell=cell, width=width, decimals=1
    )


def moment(title: str, expression: str, *, width: int | None = None) -> NumberColumn:
    """How long ago an instant was, or how far ahead it is; `expression` gives Unix time, above 0."""
    return NumberColumn(title=title, expression=as_milliseconds(f"{expression} > 0"), unit=AGO, width=width)


class Table(Builder[Panel]):
    """An SDK table, and what the SDK knows no words for: columns that stay in sight on a phone."""

    def __init__(self, panel: sdk.Panel, staying: int) -> None:
        self._panel = panel
        self._staying = staying

    def build(self) -> Panel:
        built = self._panel.build()
        options = built.options
        if not isinstance(options, dict):
            written = options.to_json()  # type: ignore[attr-defined]  # the SDK says no more than `object`
            built.options = written | {"frozenColumns": {"left": self._staying}}
        return built


def table(
    text: PanelText,
    labels: Sequence[Label],
    figures: Sequence[NumberColumn],
    *,
    sort_by: str,
    then_by: str = "",
    descending: bool = False,
    size: Size = WHOLE,
    staying: int = 1,
    last: Sequence[Label] = (),
) -> Table:
    """A table whose first column stays in sight if the screen is narrow; labels may also come `last`.

    Among equals the larger `then_by` stands first.
    """
    refs = dict(zip(_MOST_COLUMNS, figures, strict=False))
    panel = dress(sdk.Panel(), text, size, *(_query(figure, ref) for ref, figure in refs.items()))
    order: list[Builder[SortBy]] = [TableSortByFieldState().display_name(sort_by).desc(descending)]
    if then_by:
        order.append(TableSortByFieldState().display_name(then_by).desc(True))
    panel.min_width(_LEAST_WIDTH).sort_by(order)
    for step in _joined(labels, refs, last):
        panel.with_transformation(step)
    panel.override_by_regexp(".*", [prop("noValue", UNKNOWN)])
    for label in (*labels, *last):
        panel.override_by_name(label.title, label_properties(label))
    for figure in figures:
        panel.override_by_name(figure.title, figure_properties(figure))
    return Table(panel, staying)


def _query(figure: NumberColumn, ref: str) -> Query:
    return ask(figure.expression, ref=ref) if figure.cell == "trend" else ask_rows(figure.expression, ref)


def _joined(
    labels: Sequence[Label], refs: Mapping[str, NumberColumn], last: Sequence[Label]
) -> list[DataTransformerConfig]:
    """Rows of all queries that have the same labels become one; columns get their order and titles."""
    trends = {ref: {"stat": "lastNotNull"} for ref, figure in refs.items() if figure.cell == "trend"}
    values = {ref: "Value" if len(refs) == 1 else f"Value #{ref}" for ref in refs if ref not in trends}
    columns = {label.name: label.title for label in labels}
    steps = [DataTransformerConfig(id_val="merge", options={})]
    if trends:
        steps.insert(0, DataTransformerConfig(id_val="timeSeriesTable", options=trends))
        columns |= {name: refs[ref].title for ref, name in values.items()}
        columns |= {f"Trend #{ref}": refs[ref].title for ref in trends}
    else:
        # Without labels there is no row: only a table of nothing at all says why it is empty.
        steps.append(_grouped((*labels, *last), values.values()))
        columns |= {f"{name} (lastNotNull)": refs[ref].title for ref, name in values.items()}
    columns |= {label.name: label.title for label in last}
    order = {name: index for index, name in enumerate(columns)}
    hidden = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": columns}
    # Labels that the table does not name are left out.
    named = {"include": {"names": list(columns.values())}}
    return [
        *steps,
        DataTransformerConfig(id_val="organize", options=hidden),
        DataTransformerConfig(id_val="filterFieldsByName", options=named),
    ]


def _grouped(labels: Sequence[Label], values: Iterable[str]) -> DataTransformerConfig:
    """A row for each combination of labels."""
    kept = {label.name: {"operation": "groupby", "aggregations": []} for label in labels}
    shown = {name: {"operation": "aggregate", "aggregations": ["lastNotNull"]} for name in values}
    return DataTransformerConfig(id_val="groupBy", options={"fields": kept | shown})


def label_properties(label: Label) -> list[DynamicConfigValue]:
    """The override of such a column."""
    properties = [prop("unit", NO_UNIT)]
    if label.width is not None:
        properties.append(prop("custom.minWidth" if label.grows else "custom.width", label.width))
    if label.hidden:
        properties.append(prop("custom.hideFrom.viz", True))
    if label.texts is not None:
        properties += [text_property(label.texts), prop("custom.cellOptions", {"type": "color-text"})]
    if label.link is not None:
        title, url = label.link
        properties.append(prop("links", [{"title": title, "url": url, "targetBlank": False}]))
    return properties


def figure_properties(figure: NumberColumn) -> list[DynamicConfigValue]:
    """The override of such a column."""
    properties = [prop("unit", figure.unit), prop("custom.align", "right"), *_cell(figure)]
    width = figure.width or _WIDTHS.get(figure.unit)
    if width is not None:
        # Wide enough for its heading, too.
        least = max(_WIDTHS.get(figure.unit, 0), _PADDING + _LETTER * len(figure.title))
        properties.append(prop("custom.width", max(width, least)))
    if figure.texts is not None:
        properties += [text_property(figure.texts), prop("custom.cellOptions", {"type": "color-text"})]
    if figure.cell == "light":
        properties.append(prop("mappings", [unknown(UNKNOWN, "transparent").to_json()]))
    if figure.decimals is not None:
        properties.append(prop("decimals", figure.decimals))
    return properties


def _cell(figure: NumberColumn) -> list[DynamicConfigValue]:
    marks = (
        [] if figure.at is None else [threshold_property(figure.at), prop("color", {"mode": "thresholds"})]
    )
    match figure.cell:
        case "light":
            return [*marks, prop("custom.cellOptions", {"type": "color-background", "mode": "basic"})]
        case "gauge":
            filled = marks or coloured(BLUE)
            return [*filled, prop("custom.cellOptions", {"type": "gauge", "mode": "basic"})]
        case "trend":
            spark = {"type": "sparkline", "hideValue": True, "lineWidth": 1, "fillOpacity": 14}
            return [*coloured(BLUE), prop("custom.cellOptions", spark)]
        case "text":
            return [*marks, prop("custom.cellOptions", {"type": "color-text"})] if marks else []
