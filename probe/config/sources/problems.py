"""A validation error as clear lines: where the value came from, what it is called, what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic_core import ErrorDetails

from probe.config.probing import TargetConfig
from probe.config.sources.shape import (
    Place,
    Shape,
    dotted,
    every_setting,
    is_list,
    is_mapping,
    is_secret,
    is_section,
    keys_of,
    shape_at,
)
from probe.config.sources.variables import Variable
from probe.lib.patterns import did_you_mean
from probe.lib.secrets import redact_typed

SHOWN_CHARACTERS: Final = 60
_NAME_RULE: Final = "must begin with a letter or digit and go on with letters, digits and any of {}"

# pydantic's kinds of errors in our words; `{…}` are its figures.
_RULES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be a mapping"),
    **dict.fromkeys(("int_parsing_size", "decimal_whole_digits"), "must be a smaller number"),
    "decimal_max_digits": "must be a shorter number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "string_unicode": "must be UTF-8",
    "path_type": "must be a path",
    "tuple_type": "must be a list",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt:g}",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
}


class Origins:
    """Where each value came from: a line of the file, or a variable."""

    def __init__(
        self, file: str, lines: Mapping[Place, int], layers: Sequence[Mapping[Place, Variable]]
    ) -> None:
        """`layers` from the strongest to the weakest."""
        self._file = file
        self._lines = lines
        self._layers = layers

    def over(self, layer: Mapping[Place, Variable]) -> Origins:
        """These origins, with a weaker layer under the others."""
        return Origins(self._file, self._lines, [*self._layers, layer])

    def variable(self, place: Place) -> Variable | None:
        """The variable that gave the value at this place, alone or as part of a structure."""
        length = self._given_length(place)
        return None if length is None else self._given(place[:length])

    def describe(self, place: Place) -> str | None:
        """`probe.yaml:3`, `PROBE_SERVER__PORT`, `PROBE_SERVER__PORT in .env:2`, or None for a default."""
        variable = self.variable(place)
        if variable is not None:
            inside = "" if variable.source == "environment" else f" in {variable.source}"
            return f"{variable.name}{inside}"
        return f"{self._file}:{self._lines[place]}" if place in self._lines else None

    def _given(self, place: Place) -> Variable | None:
        return next((layer[place] for layer in self._layers if place in layer), None)

    def _given_length(self, place: Place) -> int | None:
        return next((n for n in range(len(place), 0, -1) if self._given(place[:n]) is not None), None)

    def line(self, place: Place) -> int | None:
        """The line of the file where this value is, or should be. Returns None if a variable gave it."""
        if self.variable(place) is not None:
            return None
        lengths = range(len(place), 0, -1)
        return next(
            (self._lines[place[:length]] for length in lengths if place[:length] in self._lines), None
        )

    def problem(self, place: Place, message: str) -> str:
        """One line that says where, what and why."""
        variable, length = self.variable(place), self._given_length(place)
        if variable is not None:
            inside = f"{dotted(place)}: " if length != len(place) else ""
            return f"{variable.source}: {variable.name}: {inside}{message}"
        line = self.line(place)
        where = "" if line is None else f"{self._file}:{line}: "
        return f"{where}{dotted(place)}: {message}"


def problem_lines(
    errors: Sequence[ErrorDetails], origins: Origins, found: Mapping[Place, str] = MappingProxyType({})
) -> list[str]:
    """One line for each error: those of the file in its order, then those of variables.

    `found` are problems that were found otherwise, by place; what is wrong inside of it follows from them.
    """
    real = [error for error in errors if not _follows(error, errors)]
    said = {error["loc"] for error in real if error["type"] == "value_error" and not _quotes(error)}
    found = {place: message for place, message in found.items() if place not in said}
    lines = [
        (error["loc"], _text(error, origins))
        for error in real
        if not any(error["loc"][: len(place)] == place for place in found)
    ]
    lines += [(place, origins.problem(place, message)) for place, message in found.items()]
    lines.sort(key=lambda problem: origins.line(problem[0]) or sys.maxsize)
    return [text for _, text in lines]


def _quotes(error: ErrorDetails) -> bool:
    return str(error["input"]) in error["msg"]


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """A list with a wrong entry is also reported as too short: the entry is what matters."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors
    )


def _text(error: ErrorDetails, origins: Origins) -> str:
    place: Place = error["loc"]
    if place and place[-1] == "[key]":
        return origins.problem(place[:-1], f"the name {_rule(error)}")
    return origins.problem(place, _message(error, place))


def _rule(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return _NAME_RULE.format(". _ : / -" if "/" in error["ctx"]["pattern"] else ". _ : -")
    rule = _RULES.get(error["type"])
    return error["msg"] if rule is None else rule.format_map(error.get("ctx", {}))


def _message(error: ErrorDetails, place: Place) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"unknown key{_suggestion(place)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "too_short":
        least = error["ctx"]["min_length"]
        return f"must have {least} characters or more" if is_secret(place) else "must not be empty"
    if kind == "literal_error":
        return _choices(error, place)
    rule = _rule(error)
    return f"{rule}{_is(error['input'], place)}{_number_hint(rule, error['input'])}"


def _number_hint(rule: str, value: object) -> str:
    if rule.endswith("number") and isinstance(value, str) and any(map(str.isdigit, value)):
        return "; give the number alone, without a unit, a currency or a comma"
    return ""


def _choices(error: ErrorDetails, place: Place) -> str:
    choices = str(error["ctx"]["expected"]).replace("'", "")
    guess = did_you_mean(str(error["input"]), choices.replace(" or ", ", ").split(", "))
    hint = f"; did you mean {guess}?" if guess else ""
    return f"must be {choices}{_is(error['input'], place)}{hint}"


def _is(value: object, place: Place) -> str:
    """`, is 'abc'`: what was given, if it may be shown."""
    shape = shape_at(place)
    if value is None:
        return ", is null; give a value, in quotes if it begins with #, or leave the key out"
    if isinstance(value, dict | list | tuple):
        wrong = "mapping" if isinstance(value, dict) else "list"
        return f", is a {wrong}{_structure_hint(value, shape)}"
    if is_secret(place):
        return "; put it in quotes" if isinstance(value, int | float) else ""
    if isinstance(value, bool):
        return f", is {str(value).lower()}"
    if isinstance(value, int | float):
        hint = "; put it in quotes" if shape is str else ""
        return f", is {value}{hint}"
    shown = redact_typed(str(value))  # before it is cut
    cut = shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"
    return f", is {cut!r}{_structure_hint(value, shape)}"


def _structure_hint(value: object, shape: Shape) -> str:
    if is_list(shape):
        return "; put it into [ ]" if isinstance(value, dict) else f"; write [{str(value)[:20]!r}]"
    if (is_section(shape) or is_mapping(shape)) and isinstance(value, list | tuple):
        return "; write {key: value}"
    if shape is TargetConfig:
        provider, _, model = str(value).partition("/")
        return f"; write {{provider: {provider}, model: {model or '…'}}}"
    return ""


def _suggestion(place: Place) -> str:
    """A key of the same section that looks alike, or the section where a key of this name belongs."""
    name = str(place[-1])
    known = keys_of(shape_at(place[:-1]))
    guess = did_you_mean(name, known)
    if guess is None and len(place) == 1:
        elsewhere = [other for other, _ in every_setting() if other[-1] == name and other != place]
        guess = dotted(elsewhere[0]) if len(elsewhere) == 1 else None
    if guess is not None:
        return f"; did you mean {guess}?"
    return f"; known here: {', '.join(known)}"
