"""Read every source of settings, put one over the other and check the whole.

And find what stands there and not in its place: above all secrets where a name or a number belongs. A name is
on the board, in labels and in messages: one that looks like a key is refused before it gets there.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from probe.config import Config, process_environment
from probe.config.sources.problems import Origins, problem_lines
from probe.config.sources.shape import (
    FREE,
    Place,
    Shape,
    every_setting,
    is_list,
    is_mapping,
    is_secret,
    is_section,
    keys_of,
    shape_at,
    step,
    visible,
)
from probe.config.sources.variables import Variable, from_dotenv, from_environment, read_layer
from probe.config.sources.yaml_file import YamlFile, content_of, read_yaml
from probe.config.values import NOT_REPLACED
from probe.errors import ConfigError
from probe.lib.secrets import learn, looks_random, looks_secret

DEFAULT_FILE: Final = "probe.yaml"
DOTENV_FILE: Final = ".env"
_NEARLY_DEFAULT: Final = ("probe.yml", "probe.yaml.txt", "Probe.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A checked configuration, and what is needed to complete it and to speak about it.

    `file` is None if there is none. `layers` are the variables, whole, of the environment and of `.env`;
    relative paths are read from `cwd`.
    """

    config: Config
    origins: Origins
    file: Path | None
    layers: tuple[Mapping[str, Variable], ...]
    cwd: Path


def load(path: Path | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Loaded:
    """Raises ConfigError with every problem of the file and the variables.

    Without `path` the file is PROBE_CONFIG's, else ./probe.yaml if there is one.
    """
    cwd = Path.cwd() if cwd is None else cwd
    environment, dotenv = variable_layers(env, cwd)
    variables = {**dotenv, **environment}
    learn(variable.value for variable in variables.values() if variable.name.endswith("_API_KEY"))
    file, named_by = _file(path, variables, cwd)
    document = YamlFile(values={}, lines={})
    if file is not None:
        name = visible(str(file))
        document = read_yaml(content_of(cwd / file, f"{named_by}{name}"), name)
    given = _fill_empty(document.values, Config)
    layers = [read_layer(found, given, cwd) for found in (environment, dotenv)]
    origins = Origins(str(file), document.lines, [layer.origins for layer in layers])
    sources = [*(source for layer in layers for source in layer.sources()), given]
    for source in sources:
        learn(_secrets_in(source))
    problems = [problem for layer in reversed(layers) for problem in layer.problems]
    found = {place: text for source in sources for place, text in _misplaced(source)}
    try:
        config = _merge(sources)
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        raise ConfigError(*problem_lines(errors, origins, found), *problems) from None
    problems = [*problem_lines([], origins, found), *problems]
    if problems:
        raise ConfigError(*problems)
    return Loaded(config=config, origins=origins, file=file, layers=(environment, dotenv), cwd=cwd)


class _Merged(BaseSettings):
    """What pydantic-settings makes of `sources`, the strongest first: mappings merged, all else replaced.

    It holds plain values and text; `Config` alone says what they have to be.
    """

    model_config = SettingsConfigDict(extra="allow", case_sensitive=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(init_settings, InitSettingsSource)
        return tuple(
            InitSettingsSource(settings_cls, source) for source in init_settings.init_kwargs["sources"]
        )


def variable_layers(
    env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[Mapping[str, Variable], Mapping[str, Variable]]:
    """All variables of the environment, and those of `.env`. Raises ConfigError for an unreadable `.env`."""
    environment = from_environment(process_environment() if env is None else env)
    return environment, from_dotenv((cwd or Path.cwd()) / DOTENV_FILE)


def _merge(sources: Sequence[Mapping[str, Any]]) -> Config:
    """The strongest first. Raises pydantic's ValidationError."""
    return Config.model_validate(_Merged(sources=sources).model_extra)


def _file(path: Path | None, variables: Mapping[str, Variable], cwd: Path) -> tuple[Path | None, str]:
    """The configuration file, None if there is none, and what a message about it begins with.

    Raises ConfigError for a file that is called almost so: somebody wants it read.
    """
    named = variables.get("PROBE_CONFIG")
    if path is not None:
        return path, ""
    if named is not None:
        return Path(named.value), f"{named.source}: PROBE_CONFIG: "
    # Whatever stands there: a directory is what a missing bind mount leaves.
    if os.path.lexists(cwd / DEFAULT_FILE):
        return Path(DEFAULT_FILE), ""
    for name in _NEARLY_DEFAULT:
        if os.path.lexists(cwd / name):
            raise ConfigError(f"{name}: is not read; call it {DEFAULT_FILE}, or name it with --config")
    return None, ""


def _fill_empty(value: Any, shape: Shape) -> Any:
    """The value, with what was left empty (all its lines are comments) as an empty section or list."""
    if value is None and (is_section(shape) or is_mapping(shape)):
        return {}
    if value is None and is_list(shape):
        return []
    if isinstance(value, dict):
        return {key: _fill_empty(item, step(shape, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_empty(item, step(shape, index)) for index, item in enumerate(value)]
    return value


# Here a hash or the id of a machine is no secret.
_IDS: Final = frozenset({"model", "location", "instance"})
_REFERENCE: Final = re.compile(r"\$\{[A-Za-z_]")
_MESSAGE: Final = "looks like a key or a password, and would be shown to everybody"
_MEND: Final = "; those belong into api_key, a file or the environment"


def _secrets_in(source: object) -> Iterator[str]:
    """What stands in the place of a secret, but for a word of the configuration's own.

    A password "database" would make every message about the database unreadable.
    """
    words = {str(part) for place, _ in every_setting() for part in place}
    for place, value in _walk(source, ()):
        if isinstance(value, str) and is_secret(place) and value not in words:
            yield value


def _misplaced(source: object) -> Iterator[tuple[Place, str]]:
    """The places of keys and values that look like a secret, or name a variable, and what to say.

    What stands under an unknown key is never shown, and what is wrong is the key.
    """
    for place, value in _walk(source, ()):
        if isinstance(place[-1], str) and _is_misplaced(place[-1], place):
            yield place, f"the name {_MESSAGE}{_MEND}"
        elif isinstance(value, str) and _is_shown(place) and _is_misplaced(value, place):
            file = f"{place[-1]}_file"
            has_file = file in keys_of(shape_at(place[:-1]))
            yield place, f"{_MESSAGE}{f'; put it into a file and give {file}' if has_file else _MEND}"
        elif isinstance(value, str) and _is_shown(place) and _REFERENCE.search(value):
            yield place, NOT_REPLACED


def _is_shown(place: Place) -> bool:
    return shape_at(place) not in (None, FREE) and not is_secret(place)


def _is_misplaced(text: str, place: Place) -> bool:
    return looks_secret(text) or (place[-1] not in _IDS and looks_random(text))


def _walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Every value but the whole, with its place."""
    if place:
        yield place, value
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in entries:
        yield from _walk(item, (*place, key))
