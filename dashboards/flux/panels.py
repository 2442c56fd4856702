"""What boards for InfluxDB draw differently: queries in Flux, and tables that one query fills."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders import table as sdk
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef, GraphDrawStyle, VizOrientation
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from dashboards.flux.fields import column as known_column
from dashboards.flux.fields import tag
from dashboards.palette import MUTED
from dashboards.panels import HALF, N_REF, WHOLE, PanelText, Query, Size, dress, graph, with_n_drawn
from dashboards.source import INFLUXDB
from dashboards.style import coloured, prop
from dashboards.tables import UNKNOWN, Label, NumberColumn, Table, figure_properties, label_properties

# The column of a table that holds a course over time.
TREND = "Trend"
_TREND_POINTS = 60
# A number that stands without its name says that it is n.
_N_ALONE = [prop("unit", "prefix:n = "), prop("decimals", 0), *coloured(MUTED)]


class Flux(Dataquery, Builder[Dataquery]):
    """A query as the InfluxDB plug-in takes it; the SDK knows none."""

    def __init__(self, query: str, ref: str) -> None:
        self.query = query
        self.ref_id = ref
        self.datasource: DataSourceRef = INFLUXDB.chosen

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        return {"refId": self.ref_id, "query": self.query, "datasource": self.datasource}


def ask_flux(query: str, ref: str = "A") -> Query:
    """A line of a graph for each table of the answer, a row of a table for each of its rows."""
    return Flux(query, ref)


def legend(*tags: str) -> str:
    """What a line is called, by its tags."""
    return " · ".join(f"${{__field.labels.{tag(name)}}}" for name in tags)


def line_each(text: PanelText, query: str, *tags: str, size: Size = HALF) -> timeseries.Panel:
    """A line for each combination of the tags."""
    return graph(text, ask_flux(query), size=size).display_name(legend(*tags))


def dots(text: PanelText, query: str, *tags: str, size: Size = HALF) -> timeseries.Panel:
    """Each attempt for itself."""
    panel = line_each(text, query, *tags, size=size).max_data_points(400)
    return panel.draw_style(GraphDrawStyle.POINTS).point_size(4).fill_opacity(0)


def with_count(panel: timeseries.Panel, query: str) -> timeseries.Panel:
    """The same graph with n, on how many attempts it stands."""
    return with_n_drawn(panel, ask_flux(query, N_REF))


def number_with_count(panel: stat.Panel, query: str) -> stat.Panel:
    """The same number, and below it n."""
    panel.orientation(VizOrientation.HORIZONTAL)
    return panel.with_target(ask_flux(query, N_REF)).override_by_query(N_REF, _N_ALONE)


def rows(
    text: PanelText,
    query: str,
    columns: Sequence[Label | NumberColumn],
    *,
    trend: str = "",
    sort_by: str = "",
    descending: bool = False,
    size: Size = WHOLE,
) -> Table:
    """A table of what one query answers: `expression` of a figure is the name of its column there.

    `trend` is a second query; its course over time is drawn in the figure whose expression is `TREND`.
    """
    panel = dress(sdk.Panel(), text, size, ask_flux(query), *([ask_flux(trend, "T")] if trend else []))
    panel.max_data_points(_TREND_POINTS)
    if sort_by:
        panel.sort_by([TableSortByFieldState().display_name(sort_by).desc(descending)])
    for step in _shaped(_titles(columns), bool(trend)):
        panel.with_transformation(step)
    panel.override_by_regexp(".*", [prop("noValue", UNKNOWN)])
    for column in columns:
        panel.override_by_name(column.title, _properties(column))
    return Table(panel, staying=1)


def _properties(column: Label | NumberColumn) -> list[DynamicConfigValue]:
    if isinstance(column, Label):
        return label_properties(column)
    return figure_properties(column)


def _titles(columns: Sequence[Label | NumberColumn]) -> dict[str, str]:
    """The title of each column by its name in the answer."""
    names = (known_column(each.name) if isinstance(each, Label) else each.expression for each in columns)
    return {
        f"{TREND} #T" if name == TREND else name: each.title
        for name, each in zip(names, columns, strict=True)
    }


def _shaped(titles: Mapping[str, str], trend: bool) -> list[DataTransformerConfig]:
    """Columns in their order under their titles, and no others."""
    order = {name: index for index, name in enumerate(titles)}
    joined = [
        DataTransformerConfig(id_val="timeSeriesTable", options={"T": {"stat": "lastNotNull"}}),
        DataTransformerConfig(id_val="merge", options={}),
    ]
    organized = {"excludeByName": {}, "indexByName": order, "renameByName": dict(titles)}
    return [
        *(joined if trend else []),
        DataTransformerConfig(id_val="organize", options=organized),
        DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": list(titles.values())}}
        ),
    ]
