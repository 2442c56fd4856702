"""A YAML document as plain values that still know their lines.

Stricter than YAML: one document, text keys, no key twice, no merge keys, nothing nested without end.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from probe.errors import SuiteError

Place = tuple[str | int, ...]

_MAX_BYTES = 16 * 1024 * 1024
_MAX_NODES = 200_000
_MAX_DEPTH = 16

# libyaml if PyYAML was built with it: the same language, ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SuiteDocument(NamedTuple):
    """`lines` maps the place of every value, such as ("cases", 2, "prompt"), to its line, counted from 1."""

    path: Path
    value: Any
    lines: dict[Place, int]

    def error(self, place: Place, reason: str) -> SuiteError:
        """`suites/mine.yaml:12: cases[2].prompt: reason`; the line is that of the nearest known place."""
        near = place
        while near and near not in self.lines:
            near = near[:-1]
        where = f"{key_path(place)}: " if place else ""
        return SuiteError(f"{self.path}:{self.lines.get(near, 1)}: {where}{reason}")


def key_path(place: Place) -> str:
    """("cases", 2, "prompt") -> `cases[2].prompt`, counted from 0 as in YAML paths."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_suite_document(path: Path) -> SuiteDocument:
    """Raises SuiteError with the line where reading failed."""
    text = _read(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        document = SuiteDocument(path, None, {})
        if node is None:
            raise document.error((), "empty")
        return document._replace(value=_Walk(loader, document).value(node, ()))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = 1 if mark is None else mark.line + 1
        raise SuiteError(f"{path}:{line}: not YAML: {exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise SuiteError(f"{path}: not YAML: {str(exc).splitlines()[0]}") from exc
    finally:
        loader.dispose()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SuiteError(f"{path}: larger than {_MAX_BYTES // 1024**2} MiB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise SuiteError(f"{path}: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise SuiteError(f"{path}: byte {exc.start} is not UTF-8") from exc


class _Walk:
    """Turns nodes into values. Aliases are followed, so the number of nodes is counted."""

    def __init__(self, loader: Any, document: SuiteDocument) -> None:
        self._loader = loader
        self._document = document
        self._seen = 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._document.lines[place] = node.start_mark.line + 1
        self._seen += 1
        if self._seen > _MAX_NODES or len(place) > _MAX_DEPTH:
            raise self._document.error(place, "nested too deep or too large; are aliases used in a circle?")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag != "tag:yaml.org,2002:str":
                raise self._document.error(place, f"line {key_node.start_mark.line + 1}: a key must be text")
            if key in values:
                first = self._document.lines[(*place, key)]
                line = key_node.start_mark.line + 1
                raise self._document.error(place, f'key "{key}" on line {first} again on line {line}')
            values[key] = self.value(value_node, (*place, key))
        return values

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        try:
            value = self._loader.construct_object(node)
        except ValueError as exc:
            raise self._document.error(place, f'cannot read "{node.value}": {exc}') from exc
        if isinstance(value, str) and not _encodable(value):
            raise self._document.error(place, "half of a surrogate pair is no character")
        return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
