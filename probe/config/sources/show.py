"""The configuration in force as YAML, with the source of every value that is no default; secrets masked."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import SecretStr

from probe.config.sources.load import Loaded
from probe.config.sources.shape import FREE, Place, is_secret, shape_at
from probe.config.values import Section
from probe.lib.printable import escaped_json
from probe.lib.secrets import display, redact

_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./@:+-]*")
_NOT_PLAIN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def annotated_yaml(loaded: Loaded) -> str:
    """Every setting that has a value, in the order of `probe.config`; readable as a file, secrets aside."""
    return "\n".join(_Lines(loaded).section(loaded.config, ())) + "\n"


class _Lines:
    def __init__(self, loaded: Loaded) -> None:
        self._origins = loaded.origins

    def section(self, section: Section, place: Place) -> Iterator[str]:
        for key, field in type(section).model_fields.items():
            value = getattr(section, key)
            if value is not None or field.default is not None:
                yield from self._entry(key, value, (*place, key))
        for key, value in (section.__pydantic_extra__ or {}).items():
            yield from self._entry(key, value, (*place, key))

    def _entry(self, key: str, value: Any, place: Place) -> Iterator[str]:
        label = f"{_text(key)}:"
        if isinstance(value, Section):
            yield label
            yield from _indented(self.section(value, place))
        elif isinstance(value, dict) and value:
            yield label
            for name, item in value.items():
                yield from _indented(self._entry(name, item, (*place, name)))
        elif isinstance(value, tuple) and value:
            yield f"{label}{self._source(place)}"
            for index, item in enumerate(value):
                yield from _indented(self._item(item, (*place, index)))
        else:
            yield f"{label} {_shown(value, place)}{self._source(place)}"

    def _item(self, value: Any, place: Place) -> Iterator[str]:
        if isinstance(value, Section):
            lines = list(self.section(value, place))
            yield f"- {lines[0]}"
            yield from _indented(lines[1:])
        else:
            yield f"- {_shown(value, place)}{self._source(place)}"

    def _source(self, place: Place) -> str:
        source = self._origins.describe(place)
        return "" if source is None else f"  # {source}"


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _shown(value: Any, place: Place) -> str:
    if isinstance(value, str) and shape_at(place) is FREE:
        value = SecretStr(value) if is_secret(place) else redact(value)
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[]"
    if isinstance(value, SecretStr):
        return _text(display(value.get_secret_value()))
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return _text(str(value))


def _text(text: str) -> str:
    """Without quotes if no reader of YAML, old or new, takes it for anything else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN and not text.endswith(":"):
        return text
    return escaped_json(json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace")).decode()
