"""A board: rows of panels, with everything that all boards have in common, as the JSON that Grafana reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.dashboard import Row as RowBuilder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as shapes

from dashboards.links import TAG, TAG_INFLUX, between_boards, over_prometheus
from dashboards.panels import AnyPanel
from dashboards.source import PROMETHEUS, DataSource
from probe.rules.alert import ANSWER_PANEL

_COLUMNS = 24
# What the options of panels are written for: Grafana takes a panel that does not say for one of long ago.
_PLUGINS = "12.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRow:
    """Panels under a heading, from left to right; a folded one asks nothing until it is opened."""

    title: str
    panels: Sequence[AnyPanel]
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """`about` is the question that the board answers, `answer` the panel that alerts lead to."""

    uid: str
    title: str
    about: str
    answer: str = ""
    rows: Sequence[PanelRow]
    variables: Sequence[Builder[shapes.VariableModel]]
    annotations: Sequence[Builder[shapes.AnnotationQuery]] = ()
    source: DataSource = field(default=PROMETHEUS)
    hours: int = 24

    def build(self) -> shapes.Dashboard:
        """The SDK's dashboard, panels placed and numbered."""
        builder = (
            Dashboard(f"Inference probe · {self.title}")
            .uid(self.uid)
            .description(self.about)
            .tags([TAG if self.source is PROMETHEUS else TAG_INFLUX])
            .timezone("browser")
            .readonly()
            .tooltip(shapes.DashboardCursorSync.CROSSHAIR)
            .time(f"now-{self.hours}h", "now")
            .refresh("60s")
            .variables(list(self.variables))
            .annotations(list(self.annotations))
            .links(_links(self.source))
        )
        built = builder.build()
        built.panels = _laid_out(self)
        return built

    def to_json(self) -> str:
        """Classic JSON with sorted keys: the same board gives the same bytes."""
        encoded = json.loads(JSONEncoder().encode(self.build()))
        for link in encoded["links"]:
            # The SDK puts links into a menu; without a place they stand at the top.
            del link["placement"]
        return json.dumps(encoded, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _links(source: DataSource) -> list[Builder[shapes.DashboardLink]]:
    return [between_boards()] if source is PROMETHEUS else [between_boards(TAG_INFLUX), over_prometheus()]


def _laid_out(board: Board) -> list[shapes.Panel | shapes.RowPanel]:
    """Rows and their panels, placed and numbered in the order of reading."""
    found: list[shapes.Panel | shapes.RowPanel] = []
    numbers = count(1)
    top = 0
    for row in board.rows:
        heading = RowBuilder(row.title).id(next(numbers)).collapsed(row.folded).build()
        heading.grid_pos = shapes.GridPos(h=1, w=_COLUMNS, x=0, y=top)
        panels = [panel.build() for panel in row.panels]
        for panel in panels:
            panel.id_val = ANSWER_PANEL if panel.title == board.answer else next(numbers)
            panel.plugin_version = _PLUGINS
            _ask_chosen(panel, board.source)
        bottom = _place(panels, top + 1)
        if row.folded:
            heading.panels = panels
            found.append(heading)
        else:
            found += [heading, *panels]
        top = top + 1 if row.folded else bottom
    return found


def _place(panels: Sequence[shapes.Panel], top: int) -> int:
    """A panel that does not fit beside the one before begins a new line; the row below the last line."""
    left = height = 0
    for panel in panels:
        size = panel.grid_pos
        assert size is not None
        if left + size.w > _COLUMNS:
            left, top, height = 0, top + height, 0
        panel.grid_pos = shapes.GridPos(h=size.h, w=size.w, x=left, y=top)
        left += size.w
        height = max(height, size.h)
    return top + height


def _ask_chosen(panel: shapes.Panel, source: DataSource) -> None:
    panel.datasource = source.chosen
    for target in panel.targets or ():
        target.datasource = source.chosen  # type: ignore[attr-defined]  # every query has one
