"""What a Prometheus answers, asked as Grafana asks it."""

import json
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.dashboards.viewer.interval import Span, aligned

Labels = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series of an answer: points are Unix seconds and values. `name` is its legend, `ref` its query."""

    labels: Labels
    points: tuple[tuple[float, float], ...]
    name: str = ""
    ref: str = "A"

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(slots=True)
class Source:
    """Answers are kept: many panels ask the same."""

    url: str
    asked: dict[str, Any] = field(default_factory=dict)

    def instant(self, expression: str, at: float) -> list[Line]:
        found = self._get("query", query=expression, time=str(at))
        if found["resultType"] == "scalar":
            return [Line(labels={}, points=((at, float(found["result"][1])),))]
        return [
            Line(labels=each["metric"], points=((at, float(each["value"][1])),)) for each in found["result"]
        ]

    def range(self, expression: str, span: Span, step: int) -> list[Line]:
        over = aligned(span, step)
        found = self._get(
            "query_range", query=expression, start=str(over.start), end=str(over.end), step=str(step)
        )
        return [
            Line(labels=each["metric"], points=tuple((at, float(value)) for at, value in each["values"]))
            for each in found["result"]
        ]

    def label_values(self, selector: str, label: str, span: Span) -> list[str]:
        asked = {"match[]": selector, "start": str(span.start), "end": str(span.end)}
        found: list[str] = self._get(f"label/{label}/values", **asked)
        return found

    def _get(self, path: str, **parameters: str) -> Any:
        # As a form: an expression may be longer than an address may be.
        body = urlencode(parameters)
        key = f"{path}?{body}"
        if key not in self.asked:
            request = (
                Request(f"{self.url}/api/v1/{key}")
                if path.startswith("label/")
                else Request(f"{self.url}/api/v1/{path}", data=body.encode())
            )
            with urlopen(request, timeout=60) as response:
                self.asked[key] = json.load(response)["data"]
        return self.asked[key]


def known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
