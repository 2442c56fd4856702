"""The choices at the top of a board: what each offers at a time, and what stands for it in a query."""

import re
from collections.abc import Mapping

from tests.dashboards.grafana import Json
from tests.dashboards.viewer.interval import Span, intervals
from tests.dashboards.viewer.source import Labels, Source

_NAME = re.compile(r"\$(?:\{(\w+(?::text)?)(?::(?!text)\w+)?\}|([a-zA-Z_]\w*))")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


def chosen(board: Json, source: Source, span: Span, choice: Mapping[str, str] = {}) -> dict[str, str]:
    """The text of each variable; what is not chosen stands as the board opens."""
    found: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "query":
            texts = _texts(variable, source, span, found)
            pattern = _pattern(variable)
            options = [each[1] for text in texts if (each := re.search(pattern, text))]
            found[name] = _text(variable, options, choice.get(name))
            if "(?P<text>" in pattern:
                (shown,) = (each["text"] for text in texts if (each := re.search(pattern, text)))
                found[f"{name}:text"] = shown
        else:
            found[name] = choice.get(name) or variable["current"]["value"]
    return found


def filled(text: str, values: Mapping[str, str]) -> str:
    """With every variable in its place; one that nobody knows stays as it is."""
    return _NAME.sub(lambda found: values.get(found[1] or found[2], found[0]), text)


def _pattern(variable: Json) -> str:
    """The part of each text that is the value; one may be shown by another."""
    return str(variable.get("regex") or "(.*)").strip("/").replace("(?<", "(?P<")


def _texts(variable: Json, source: Source, span: Span, before: Mapping[str, str]) -> list[str]:
    query = filled(variable["query"]["query"], {**before, **intervals(span, 60)})
    values = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    if values:
        return source.label_values(values[1], values[2], span)
    result = re.fullmatch(r"query_result\((.*)\)", query, re.DOTALL)
    assert result, query
    return [_as_text(line.labels, line.last) for line in source.instant(result[1], span.end)]


def _as_text(labels: Labels, value: float) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inside}}} {value}"


def _text(variable: Json, options: list[str], choice: str | None) -> str:
    """`All` is its own text, or all options; several are one pattern."""
    if choice is not None:
        return _escaped(choice)
    if variable["current"]["value"] != "$__all":
        current = str(variable["current"]["value"])
        return current if current in options or not options else options[0]
    if variable.get("allValue"):
        return str(variable["allValue"])
    texts = [_escaped(option) for option in options]
    return texts[0] if len(texts) == 1 else f"({'|'.join(texts)})" if texts else ""


def _escaped(text: str) -> str:
    """As in a pattern within quotes: backslashes twice."""
    return _SPECIAL.sub(r"\\\\\1", text)
