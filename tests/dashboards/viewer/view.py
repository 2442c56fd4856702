"""A board at a time, with a choice: what each of its panels answers."""

import re
from collections.abc import Mapping
from dataclasses import replace

from tests.dashboards.grafana import Json, panels
from tests.dashboards.viewer.display import Shown, shown
from tests.dashboards.viewer.interval import Span, intervals, step_seconds
from tests.dashboards.viewer.source import Line, Source
from tests.dashboards.viewer.table import Table, of_instant, of_range, transformed
from tests.dashboards.viewer.variables import chosen, filled

_DEFAULT_POINTS = 1000
# Of an annotation.
_MARK_POINTS = 100


class View:
    """Panels are called by their titles. `choice` is what is chosen at the top, by variable."""

    def __init__(self, board: Json, source: Source, span: Span, choice: Mapping[str, str] = {}) -> None:
        self.span = span
        self._source = source
        self.board = board
        self._panels = {panel["title"]: panel for panel in panels(board)}
        self.values = chosen(board, source, span, choice)

    @property
    def titles(self) -> list[str]:
        return list(self._panels)

    def panel(self, title: str) -> Json:
        return self._panels[title]

    def lines(self, title: str) -> list[Line]:
        """The series of a graph, or the numbers of a tile, in the order of its queries."""
        panel = self._panels[title]
        return [line for target in panel.get("targets", ()) for line in self._answer(panel, target)]

    def step(self, title: str) -> int:
        panel = self._panels[title]
        return step_seconds(self.span, panel.get("maxDataPoints") or _DEFAULT_POINTS, panel.get("interval"))

    def numbers(self, title: str) -> list[Shown]:
        """What a tile or bar gauge shows: its last values, or the words for none."""
        panel = self._panels[title]
        found = [shown(panel, line.name, line.last, line.ref) for line in self.lines(title)]
        return found or [shown(panel, "No data", None)]

    def number(self, title: str) -> Shown:
        return self.numbers(title)[0]

    def bands(self, title: str) -> dict[str, list[tuple[float, Shown]]]:
        """The states of each band of a timeline, with the instant of each point."""
        panel = self._panels[title]
        return {
            line.name: [(at, shown(panel, line.name, value, line.ref)) for at, value in line.points]
            for line in self.lines(title)
        }

    def table(self, title: str) -> Table:
        """The rows of a table, by title of column, after its transformations."""
        panel = self._panels[title]
        targets = panel["targets"]
        tables = []
        for target in targets:
            lines = self._answer(panel, target)
            ref = target["refId"]
            if target.get("instant"):
                tables.append(of_instant(lines, "Value" if len(targets) == 1 else f"Value #{ref}"))
            else:
                tables.append(of_range(lines, ref))
        return transformed(tables, panel.get("transformations", ()))

    def cell(self, title: str, row: Mapping[str, object], column: str) -> Shown:
        return shown(self._panels[title], column, row.get(column))

    def marks(self, name: str) -> list[tuple[float, float, str]]:
        """Beginning, end and text of each mark of an annotation."""
        (mark,) = (each for each in self.board["annotations"]["list"] if each["name"] == name)
        least = mark.get("step") or "60s"
        step = step_seconds(self.span, _MARK_POINTS, least)
        expression = filled(mark["expr"], self.values | intervals(self.span, step, least))
        found: list[tuple[float, float, str]] = []
        for line in self._source.range(expression, self.span, step):
            text = f"{_legend(mark['titleFormat'], line.labels)} {_legend(mark['textFormat'], line.labels)}"
            instants = [
                value / 1000 if mark.get("useValueForTime") else at
                for at, value in line.points
                if mark.get("useValueForTime") or value > 0
            ]
            begun = False
            for at in instants:
                if begun and found[-1][1] + step >= at:
                    found[-1] = (found[-1][0], at, text)
                else:
                    found.append((at, at, text))
                begun = True
        return sorted(each for each in found if self.span.start <= each[1] and each[0] <= self.span.end)

    def expression(self, title: str, ref: str = "A") -> str:
        """As it is asked."""
        panel = self._panels[title]
        (target,) = (each for each in panel["targets"] if each["refId"] == ref)
        return filled(
            target["expr"], self.values | intervals(self.span, self.step(title), target.get("interval"))
        )

    def _answer(self, panel: Json, target: Json) -> list[Line]:
        expression = self.expression(panel["title"], target["refId"])
        lines = (
            self._source.instant(expression, self.span.end)
            if target.get("instant")
            else self._source.range(expression, self.span, self.step(panel["title"]))
        )
        legend = target.get("legendFormat", "__auto")
        return [replace(line, name=_legend(legend, line.labels), ref=target["refId"]) for line in lines]


def _legend(template: str, labels: Mapping[str, str]) -> str:
    if template == "__auto":
        return "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    return re.sub(r"\{\{\s*(.+?)\s*\}\}", lambda found: labels.get(found[1], found[1]), template)
