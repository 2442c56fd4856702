"""Variables and secret files as settings.

PROBE_SERVER__PORT sets server.port. A name that people chose is written in capitals with `_` for whatever is
no letter or digit: PROBE_PROVIDERS__MY_VLLM__API_KEY. A section, a list or a mapping is given as JSON. For a
secret, the same variable with `_FILE` names a file that holds it. An empty variable is no variable.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

from dotenv.parser import parse_stream

from probe.config.sources.file import read_bytes
from probe.config.sources.shape import (
    FREE,
    Place,
    every_setting,
    is_secret,
    is_structure,
    keys_of,
    shape_at,
    takes_any_name,
    variable_form,
    visible,
)
from probe.errors import ConfigError
from probe.lib.patterns import did_you_mean

_PREFIX: Final = "PROBE_"
DELIMITER: Final = "__"
ALIASES: Final[Mapping[str, Place]] = {"PROBE_DATABASE_URL": ("database", "url")}
# Read by the command line; no settings.
COMMANDS: Final = frozenset({"PROBE_CONFIG", "PROBE_TRACEBACK"})
MAX_SECRET_BYTES: Final = 64 * 1024
MAX_DOTENV_BYTES: Final = 1024 * 1024
# Kubernetes describes a Service called probe, or probe-something, to every pod in its namespace.
_SERVICE_LINK: Final = re.compile(
    r"PROBE_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)"
)
_SERVICE_URL: Final = re.compile(r"(tcp|udp|sctp)://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable as it was found. `source` is `environment` or `.env:3`."""

    name: str
    value: str = field(repr=False)
    source: str


@dataclass(slots=True, kw_only=True)
class Layer:
    """The settings that one source gives. `values` are still text; `origins` name the variable of each."""

    values: dict[Place, str] = field(default_factory=dict)
    origins: dict[Place, Variable] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def sources(self) -> list[dict[str, Any]]:
        """One nested mapping a variable, the strongest first: single settings win over JSON around them."""
        found = []
        for place in sorted(self.values, key=len, reverse=True):
            value = json.loads(self.values[place]) if is_structure(shape_at(place)) else self.values[place]
            if value is not None or len(place) > 1:  # null for a whole section says nothing
                found.append((place, value))
        # JSON that should hold settings and does not is a mistake, which nothing may hide.
        found.sort(key=lambda item: not is_structure(shape_at(item[0])) or isinstance(item[1], dict | None))
        return [_nested(place, value) for place, value in found]


def _nested(place: Place, value: Any) -> dict[str, Any]:
    for key in reversed(place):
        value = {key: value}
    tree: dict[str, Any] = value
    return tree


def from_environment(environment: Mapping[str, str]) -> dict[str, Variable]:
    return {
        name: Variable(name=name, value=value, source="environment")
        for name, value in environment.items()
        if value
    }


def from_dotenv(path: Path) -> dict[str, Variable]:
    """The variables of a `.env` file, taken literally. Returns nothing if there is no such file.

    Raises ConfigError if it cannot be read.
    """
    found: dict[str, Variable] = {}
    problems = []
    for binding in parse_stream(StringIO(_text_of(path))):
        source = f"{path.name}:{_line(binding.original.string, binding.original.line)}"
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{source}: must be NAME=value")
        elif binding.key is not None and binding.value:
            found[binding.key] = Variable(name=binding.key, value=binding.value, source=source)
    if problems:
        raise ConfigError(*problems)
    return found


def _text_of(path: Path) -> str:
    try:
        content = read_bytes(path, MAX_DOTENV_BYTES + 1)
        if len(content) > MAX_DOTENV_BYTES:
            raise ConfigError(f"{path.name}: larger than {MAX_DOTENV_BYTES // 1024} KiB")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not UTF-8") from None
    except OSError as exc:
        raise ConfigError(f"{path.name}: {exc.strerror}") from None


def _line(statement: str, first: int) -> int:
    """dotenv counts the blank lines before a statement to it."""
    return first + statement[: len(statement) - len(statement.lstrip())].count("\n")


def read_layer(variables: Mapping[str, Variable], given: Mapping[str, object], cwd: Path) -> Layer:
    """The settings among these variables. Names that people chose are matched with the keys of `given`."""
    layer = Layer()
    for variable in variables.values():
        name = variable.name.upper()
        if not name.startswith(_PREFIX) or name in COMMANDS or _is_service_link(name, variable.value):
            continue
        place = place_of(name, given)
        file_place = place_of(name.removesuffix("_FILE"), given) if name.endswith("_FILE") else None
        # Of another package's settings nobody here knows whether one is called so.
        unknown = place is None or shape_at(place) is FREE
        if unknown and file_place is not None and is_secret(file_place):
            _take_file(layer, variable, file_place, cwd)
        elif place is None:
            layer.problems.append(f"{variable.source}: {variable.name}: unknown variable{_suggestion(name)}")
        elif _is_free(layer, variable, place):
            _take(layer, variable, place, variable.value)
    return layer


def usual_secret(name: str, layers: Sequence[Mapping[str, Variable]], cwd: Path) -> Variable | None:
    """The secret that a variable such as OPENAI_API_KEY, or its `…_FILE`, gives in the strongest layer.

    Its value is the secret itself, also if it was read from a file. Raises ConfigError.
    """
    for layer in layers:
        plain, in_file = layer.get(name), layer.get(f"{name}_FILE")
        variable = in_file or plain
        if variable is None:
            continue
        if plain is not None and in_file is not None:
            raise ConfigError(f"{in_file.source}: {in_file.name}: {plain.name} is set too; keep one of them")
        return replace(variable, value=variable.value if in_file is None else read_secret(in_file, cwd))
    return None


def read_secret(variable: Variable, cwd: Path) -> str:
    """What the file holds that a `…_FILE` variable names, without the last line break. Raises ConfigError."""
    path = cwd / variable.value
    try:
        content = read_bytes(path, MAX_SECRET_BYTES + 1)
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(
            f"{variable.source}: {variable.name}: {visible(variable.value)}: not UTF-8"
        ) from None
    except OSError as exc:
        raise ConfigError(
            f"{variable.source}: {variable.name}: {visible(variable.value)}: {exc.strerror}"
        ) from None
    if not text or len(content) > MAX_SECRET_BYTES:
        wrong = "too large for a secret" if text else "empty"
        raise ConfigError(f"{variable.source}: {variable.name}: {visible(variable.value)}: {wrong}")
    return text


def place_of(name: str, given: Mapping[str, object]) -> Place | None:
    """Where a variable's value belongs. Returns None if no setting is called so."""
    if name in ALIASES:
        return ALIASES[name]
    place: Place = ()
    level: object = given
    for part in name.removeprefix(_PREFIX).split(DELIMITER):
        shape = shape_at(place)
        if takes_any_name(shape):
            keys = level if isinstance(level, dict) else {}
            step = next((key for key in keys if variable_form(key) == part), part.lower())
        else:
            step = part.lower()
            if step not in keys_of(shape):
                return None
        if not part:
            return None
        level = level.get(step) if isinstance(level, dict) else None
        place = (*place, step)
    return place


def variable_of(place: Place) -> str:
    """PROBE_SERVER__PORT for ("server", "port")."""
    alias = next((name for name, target in ALIASES.items() if target == place), None)
    return alias or _PREFIX + DELIMITER.join(variable_form(str(step)) for step in place)


def _take_file(layer: Layer, variable: Variable, place: Place, cwd: Path) -> None:
    if _is_free(layer, variable, place):
        try:
            _take(layer, variable, place, read_secret(variable, cwd))
        except ConfigError as exc:
            layer.problems.extend(exc.problems)


def _is_free(layer: Layer, variable: Variable, place: Place) -> bool:
    other = layer.origins.get(place)
    if other is not None:
        layer.problems.append(
            f"{variable.source}: {variable.name}: {other.name} is set too; keep one of them"
        )
    return other is None


def _take(layer: Layer, variable: Variable, place: Place, text: str) -> None:
    layer.origins[place] = variable
    if is_structure(shape_at(place)):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            example = next(iter(keys_of(shape_at(place))), None)
            hint = f"; a single setting is {variable.name}__{example.upper()}" if example else ""
            layer.problems.append(f"{variable.source}: {variable.name}: must be JSON{hint}")
            return
    layer.values[place] = text


def _is_service_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (
        name.endswith("_PORT") and _SERVICE_URL.match(value) is not None
    )


def _suggestion(name: str) -> str:
    plain = name.removesuffix("_FILE")
    known = [variable_of(place) for place, _ in every_setting() if not {0, "*"} & set(place)]
    names = [name.removeprefix(_PREFIX) for name in (*known, *COMMANDS)]
    guess = did_you_mean(plain.removeprefix(_PREFIX), names)
    return f"; did you mean {_PREFIX}{guess}?" if guess else ""
