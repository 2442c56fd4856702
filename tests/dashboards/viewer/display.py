"""How a value is shown: its text and its colour, by mappings, thresholds and the words for none.

https://github.com/grafana/grafana/blob/v12.3.0/packages/grafana-data/src/field/displayProcessor.ts
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.dashboards.grafana import Json
from tests.dashboards.viewer.source import known


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`text` is None for a number that is written as its unit has it."""

    name: str
    value: float | str | None
    text: str | None
    colour: str | None


def shown(panel: Json, name: str, value: Any, ref: str = "") -> Shown:
    """A value of that field of a panel; None and NaN are no value."""
    config = settings(panel, name, ref)
    name = config.get("displayName", name)
    value = value if isinstance(value, str) or known(value) else None
    mapped = _mapped(config.get("mappings", ()), value)
    text = mapped.get("text") if mapped else None
    if text is None and value is None:
        text = config.get("noValue", "")
    colour = (mapped or {}).get("color") or _colour(config, value)
    return Shown(name=name, value=value, text=text, colour=colour)


def settings(panel: Json, name: str, ref: str = "") -> dict[str, Any]:
    """The defaults of a panel and what its overrides say of that field, the latter first."""
    defaults = panel["fieldConfig"]["defaults"]
    found = {**defaults, **{f"custom.{key}": each for key, each in defaults.get("custom", {}).items()}}
    for override in panel["fieldConfig"].get("overrides", ()):
        if _matches(override["matcher"], name, ref):
            found |= {prop["id"]: prop.get("value") for prop in override["properties"]}
    return found


def _matches(matcher: Mapping[str, Any], name: str, ref: str) -> bool:
    match matcher["id"]:
        case "byName":
            return bool(matcher["options"] == name)
        case "byRegexp":
            return re.search(matcher["options"].strip("/"), name) is not None
        case "byFrameRefID":
            return bool(matcher["options"] == ref)
    raise AssertionError(matcher)


def _mapped(mappings: Sequence[Mapping[str, Any]], value: Any) -> Mapping[str, Any] | None:
    for mapping in mappings:
        options = mapping["options"]
        found: Mapping[str, Any] | None = None
        match mapping["type"]:
            case "value":
                key = value if isinstance(value, str) else f"{value:g}" if value is not None else "null"
                found = options.get(key)
            case "special":
                none = options["match"] in ("null", "null+nan", "empty")
                found = options["result"] if none and value is None else None
            case "range":
                low, high = options.get("from"), options.get("to")
                inside = (
                    isinstance(value, float)
                    and (low is None or value >= low)
                    and (high is None or value <= high)
                )
                found = options["result"] if inside else None
        if found is not None:
            return found
    return None


def _colour(config: Mapping[str, Any], value: Any) -> str | None:
    scheme = config.get("color", {})
    if scheme.get("mode") == "fixed":
        return str(scheme["fixedColor"])
    if scheme.get("mode") != "thresholds":
        return None
    steps = config["thresholds"]["steps"]
    colour: str = steps[0]["color"]
    for step in steps[1:]:
        if isinstance(value, int | float) and value >= step["value"]:
            colour = step["color"]
    return colour
