"""YAML text as plain values, and the line on which each of them stands.

The text is read as YAML 1.2 means it: `no`, `on`, `12:30` and dates are text. Anchors and aliases work; tags,
merge keys and several documents in one file do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from probe.config.sources.file import read_bytes
from probe.config.sources.shape import Place, dotted
from probe.errors import ConfigError

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 50_000
MAX_DEPTH: Final = 32
_DEFAULT_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_ASSIGNMENT: Final = re.compile(r"(export )?[A-Za-z_]\w*=")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,4})?")
# A value, or an entry of a list, that begins with what YAML means something else by.
_SPECIAL: Final = re.compile(r"(?:(?:^|[-:,\[{])\s+|(?<=\[))([*&@`%][^,\]}#]*)")
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_Value = None | bool | int | float | str | list["_Value"] | dict[str, "_Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """`lines` counts from 1 and knows every key and every entry of a list."""

    values: dict[str, _Value]
    lines: Mapping[Place, int]


def content_of(path: Path, name: str) -> bytes:
    """The bytes of a file, or enough of them for `read_yaml` to refuse it. Raises ConfigError."""
    try:
        return read_bytes(path, MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{name}: {exc.strerror}") from None


def read_yaml(content: bytes, name: str) -> YamlFile:
    """Raises ConfigError; each problem begins with `name` and, if known, the line."""
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{name}:{line}: not UTF-8; save the file as UTF-8") from None
    root = _compose(text, name)
    if root is None:
        return YamlFile(values={}, lines={})
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "text"
        mend = "; NAME=value belongs into .env" if _ASSIGNMENT.match(text) else "; write key: value"
        raise ConfigError(
            f"{name}:{root.start_mark.line + 1}: must be a mapping of settings, is {kind}{mend}"
        )
    walk = _Walk(name=name)
    values = walk.mapping(root, ())
    if walk.problems:
        raise ConfigError(*walk.problems)
    return YamlFile(values=values, lines=walk.lines)


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as exc:
        raise ConfigError(_syntax(exc, name, text)) from None
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        character = f"U+{int(exc.character):04X}"
        raise ConfigError(f"{name}:{line}: not YAML: the character {character}; remove it") from None
    except RecursionError:
        raise ConfigError(f"{name}: nested too deeply") from None
    except (ValueError, OverflowError):  # "\UFFFFFFFF"
        raise ConfigError(f"{name}: not YAML: an escape that stands for no character") from None


def _syntax(error: yaml.MarkedYAMLError, name: str, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and error.problem == "found unexpected end of stream":
        return f"{name}:{error.context_mark.line + 1}: not YAML: a quote that is opened here is not closed"
    where = name if mark is None else f"{name}:{mark.line + 1}"
    problem = " ".join((error.problem or "cannot be read").split())
    if r"'\t'" in problem:
        return f"{where}: a tab; YAML is indented with spaces"
    if "unknown escape" in problem:
        return f"{where}: not YAML: in double quotes \\ begins an escape; use single quotes"
    line = "" if mark is None else text.split("\n")[mark.line]
    hint = _quoting(line, problem)
    if hint is not None:
        return f"{where}: not YAML: {hint}"
    begun = error.context_mark
    if begun is not None and mark is not None and begun.line != mark.line:
        context = " ".join((error.context or "").split()).removeprefix("while ")
        return f"{where}: not YAML: {problem} ({context} begun on line {begun.line + 1})"
    return f"{where}: not YAML: {problem}"


def _quoting(line: str, problem: str) -> str | None:
    """What of the line has to stand in quotes. Returns None if that is not what is wrong."""
    if "${" in line and "expected ',' or" in problem:
        return (
            "variables such as ${X} are not replaced here; give the value, or a variable of the environment"
        )
    special = _SPECIAL.search(line)
    if special is not None and (
        "alias" in problem or "expected alphabetic" in problem or "start any" in problem
    ):
        value = special[1].strip()
        return f"a value that begins with {value[0]} has to stand in quotes: {_quoted(value)}"
    if problem == "mapping values are not allowed here":
        _, _, value = line.strip().partition(": ")
        if ": " in value or value.endswith(":"):
            return f"a value with a colon has to stand in quotes: {_quoted(value.strip())}"
        return "a key in the middle of a value; is the line indented too far, or the one before unfinished?"
    if problem == "could not find expected ':'":
        return "a line without a colon; a setting is written key: value, with a space after the colon"
    return None


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


@dataclass(slots=True, kw_only=True)
class _Walk:
    """From nodes to values. Aliases are followed, so that size and depth are bounded here."""

    name: str
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    count: int = 0

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, _Value]:
        values: dict[str, _Value] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"{self.name}:{line}: a key must be text")
                continue
            key = self._text(key_node)
            here = (*place, key)
            if key in values:
                first = self.lines[here]
                self.problems.append(f"{self.name}:{line}: {dotted(here)}: already set on line {first}")
                continue
            self.lines[here] = line
            if key[:1].isspace():
                self._problem(key_node, "a space that is none to YAML; indent with plain spaces")
                continue
            values[key] = self._value(value_node, here)
        return values

    def _value(self, node: yaml.Node, place: Place) -> _Value:
        self.count += 1
        if self.count > MAX_VALUES:
            raise ConfigError(f"{self.name}: more than {MAX_VALUES} values")
        if len(place) > MAX_DEPTH:
            raise ConfigError(f"{self.name}:{node.start_mark.line + 1}: nested too deeply")
        if node.tag not in _DEFAULT_TAGS:
            self._problem(
                node, "tags such as !x are not read; text that begins with ! has to stand in quotes"
            )
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return self._list(node, place)
        assert isinstance(node, yaml.ScalarNode)
        text = self._text(node)
        return text if node.style is not None else _plain(text)

    def _list(self, node: yaml.SequenceNode, place: Place) -> list[_Value]:
        values = []
        for index, item in enumerate(node.value):
            here = (*place, index)
            self.lines[here] = item.start_mark.line + 1
            values.append(self._value(item, here))
        return values

    def _text(self, node: yaml.ScalarNode) -> str:
        text = str(node.value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._problem(node, "half a character (a lone surrogate)")
            return ""
        return text

    def _problem(self, node: yaml.Node, message: str) -> None:
        self.problems.append(f"{self.name}:{node.start_mark.line + 1}: {message}")


def _plain(text: str) -> _Value:
    """What a scalar without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
