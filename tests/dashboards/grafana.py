"""What Grafana does with a board before it asks: variables, intervals, and where queries stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probe.metrics.names import PREFIX

Json = dict[str, Any]

_SCRAPE_SECONDS = 15
_DEFAULT_POINTS = 1000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query of a board. `where` is its panel, variable or annotation, `ref` its letter."""

    uid: str
    where: str
    ref: str
    expression: str
    step_seconds: float = 60

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.uid, self.where, self.ref)


def panels(board: Json) -> Iterator[Json]:
    """All but rows, also those of folded ones."""
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", ())


def queries(board: Json) -> Iterator[Asked]:
    """All that a board asks Prometheus, as it is written."""
    uid, seconds = board["uid"], range_seconds(board)
    for panel in panels(board):
        points = panel.get("maxDataPoints") or _DEFAULT_POINTS
        step = max(seconds / points, seconds_of(panel.get("interval") or f"{_SCRAPE_SECONDS}s"))
        for target in panel.get("targets", ()):
            yield Asked(
                uid=uid,
                where=panel["title"],
                ref=target["refId"],
                expression=target["expr"],
                step_seconds=step,
            )
    for mark in board["annotations"]["list"]:
        step = max(seconds / 100, seconds_of(mark["step"]))
        yield Asked(
            uid=uid, where=f"annotation {mark['name']}", ref="", expression=mark["expr"], step_seconds=step
        )
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(
                uid=uid,
                where=f"variable {variable['name']}",
                ref="",
                expression=as_expression(variable["query"]["query"]),
            )


def as_expression(query: str) -> str:
    """What a variable asks: `label_values(selector, label)`, or `query_result(expression)`."""
    values = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    if values:
        return f"count by ({values[2]}) ({values[1]})"
    result = re.fullmatch(r"query_result\((.*)\)", query)
    assert result, query
    return result[1]


def range_seconds(board: Json) -> float:
    """How long a board shows when it is opened."""
    assert board["time"]["to"] == "now"
    return seconds_of(board["time"]["from"].removeprefix("now-"))


def interpolated(asked: Asked, chosen: Mapping[str, str], seconds: float) -> str:
    """The expression with variables and intervals filled in, and nothing left to fill in."""
    step = round(asked.step_seconds)
    rate = max(step + _SCRAPE_SECONDS, 4 * _SCRAPE_SECONDS)
    values = {
        "__range": f"{round(seconds)}s",
        "__range_s": f"{round(seconds)}",
        "__interval": f"{step}s",
        "__interval_ms": f"{step}000",
        "__rate_interval": f"{rate}s",
        "__rate_interval_ms": f"{rate}000",
        **chosen,
    }
    return re.sub(
        r"\$\{(\w+)(?::text)?\}|\$([a-z_]\w*)", lambda found: values[found[1] or found[2]], asked.expression
    )


def spelled_out(expression: str) -> str:
    """With the names of metrics themselves, in place of those of their copies with fewer samples."""
    return re.sub(r"\$\{samples(:text)?\}", PREFIX, expression)


def opened(board: Json) -> dict[str, str]:
    """The values that the variables have when a board is opened; those of `All` as its pattern."""
    found = {}
    for variable in board["templating"]["list"]:
        value = variable["current"]["value"]
        found[variable["name"]] = variable.get("allValue") or ".*" if value == "$__all" else value
    return found


def seconds_of(duration: str) -> float:
    """Of `15s`, `30m`, `24h`."""
    return float(duration[:-1]) * _UNITS[duration[-1]]
