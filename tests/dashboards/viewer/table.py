"""Answers as tables, and the transformations that boards make of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.dashboards.viewer.source import Line

Row = dict[str, Any]


class Table(list[Row]):
    """Rows by name of column, the columns in their order."""

    def __init__(self, rows: Sequence[Row], columns: Sequence[str]) -> None:
        super().__init__(rows)
        self.columns = list(columns)


def of_instant(lines: Sequence[Line], value: str) -> Table:
    """A row for each series: its labels and its value; no column at all without any."""
    labels = sorted({name for line in lines for name in line.labels})
    rows = [{"Time": line.points[0][0], **line.labels, value: line.last} for line in lines]
    return Table(rows, ["Time", *labels, value] if lines else [])


def of_range(lines: Sequence[Line], ref: str) -> Table:
    """What the transformation `timeSeriesTable` makes: a row for each series, its course in one cell."""
    labels = sorted({name for line in lines for name in line.labels})
    rows = [{**line.labels, f"Trend #{ref}": line.points} for line in lines]
    return Table(rows, [*labels, f"Trend #{ref}"] if lines else [])


def merged(tables: Sequence[Table]) -> Table:
    """Rows that have the same in all columns they share become one."""
    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    values = [column for column in columns if sum(column in table.columns for table in tables) == 1]
    shared = [column for column in columns if column not in values]
    rows: list[Row] = []
    for row in (row for table in tables for row in table):
        keys = {name: value for name, value in row.items() if name in shared}
        same = next(
            (
                each
                for each in rows
                if all(each.get(name) == value for name, value in keys.items())
                and not any(name in each for name in row if name in values)
            ),
            None,
        )
        if same is None:
            rows.append(dict(row))
        else:
            same.update(row)
    return Table(rows, columns)


def _grouped(table: Table, options: Mapping[str, Any]) -> Table:
    fields = options["fields"]
    keys = [name for name, each in fields.items() if each["operation"] == "groupby" and name in table.columns]
    values = [
        name for name, each in fields.items() if each["operation"] == "aggregate" and name in table.columns
    ]
    if not keys:
        return Table([], [])
    groups: dict[tuple[Any, ...], Row] = {}
    for row in table:
        group = groups.setdefault(
            tuple(row.get(name) for name in keys), {name: row.get(name) for name in keys}
        )
        group.update({f"{name} (lastNotNull)": row[name] for name in values if row.get(name) is not None})
    return Table(list(groups.values()), [*keys, *(f"{name} (lastNotNull)" for name in values)])


def _organized(table: Table, options: Mapping[str, Any]) -> Table:
    order, names = options.get("indexByName", {}), options.get("renameByName", {})
    left_out = options.get("excludeByName", {})
    columns = [name for name in table.columns if not left_out.get(name)]
    columns.sort(key=lambda name: order.get(name, len(order)))
    rows = [{names.get(name, name): row[name] for name in columns if name in row} for row in table]
    return Table(rows, [names.get(name, name) for name in columns])


def _kept(table: Table, options: Mapping[str, Any]) -> Table:
    columns = [name for name in table.columns if name in options["include"]["names"]]
    return Table([{name: row[name] for name in columns if name in row} for row in table], columns)


def _matrix(table: Table, options: Mapping[str, Any]) -> Table:
    row_name, column_name, value = options["rowField"], options["columnField"], options["valueField"]
    first = f"{row_name}\\{column_name}"
    rows: dict[str, Row] = {}
    columns = [first]
    for row in table:
        line = rows.setdefault(row[row_name], {first: row[row_name]})
        line[row[column_name]] = row[value]
        if row[column_name] not in columns:
            columns.append(row[column_name])
    return Table([dict.fromkeys(columns, 0) | row for row in rows.values()], columns)


def _as_they_are(table: Table, _: Mapping[str, Any]) -> Table:
    return table


_STEPS: Mapping[str, Callable[[Table, Mapping[str, Any]], Table]] = {
    "groupBy": _grouped,
    "organize": _organized,
    "filterFieldsByName": _kept,
    "groupingToMatrix": _matrix,
    # Each row becomes a frame of its own; the rows are the same.
    "partitionByValues": _as_they_are,
}


def transformed(tables: Sequence[Table], steps: Sequence[Mapping[str, Any]]) -> Table:
    """One table of all, step by step."""
    table = merged([each for each in tables if each.columns]) if len(tables) != 1 else tables[0]
    for step in steps:
        if step["id"] not in ("merge", "timeSeriesTable"):
            table = _STEPS[step["id"]](table, step["options"])
    return table
