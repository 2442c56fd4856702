"""Read every source of settings, put one over the other and check the whole."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from probe.config import Config, process_environment
from probe.config.sources.misplaced import misplaced, secrets_in
from probe.config.sources.problems import Origins, problem_lines
from probe.config.sources.shape import Shape, is_list, is_mapping, is_section, step, visible
from probe.config.sources.variables import Variable, from_dotenv, from_environment, read_layer
from probe.config.sources.yaml_file import YamlFile, content_of, read_yaml
from probe.errors import ConfigError
from probe.lib.secrets import learn

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
        learn(secrets_in(source))
    problems = [problem for layer in reversed(layers) for problem in layer.problems]
    found = {place: text for source in sources for place, text in misplaced(source)}
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
