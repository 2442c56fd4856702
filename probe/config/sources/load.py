"""Read every source of settings, put one over the other and check the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from probe.config import Config, process_environment
from probe.config.sources.document import MAX_BYTES, Document, read_document
from probe.config.sources.problems import Origins, problem_lines
from probe.config.sources.shape import Place, Shape, is_list, is_mapping, is_secret, is_section, step, visible
from probe.config.sources.variables import (
    DELIMITER,
    PREFIX,
    Layer,
    Variable,
    from_dotenv,
    from_environment,
    read_layer,
)
from probe.errors import ConfigError
from probe.lib.secrets import learn

DEFAULT_FILE: Final = "probe.yaml"
DOTENV_FILE: Final = ".env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A checked configuration, and what is needed to complete it and to speak about it.

    `file` is None where there is none. `layers` are the variables, whole, of the environment and of `.env`;
    relative paths are read from `cwd`.
    """

    config: Config
    origins: Origins
    file: Path | None
    layers: tuple[Mapping[str, Variable], ...]
    cwd: Path


def load(path: Path | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Loaded:
    """Raises ConfigError with every problem of the file and the variables.

    Without `path` the file is PROBE_CONFIG's, else ./probe.yaml where there is one.
    """
    cwd = Path.cwd() if cwd is None else cwd
    environment, dotenv = variable_layers(env, cwd)
    variables = {**dotenv, **environment}
    learn(variable.value for variable in variables.values() if variable.name.endswith("_API_KEY"))
    file = _file(path, variables, cwd)
    document = (
        Document(values={}, lines={})
        if file is None
        else read_document(_content(cwd / file, str(file)), str(file))
    )
    given = _fill_empty(document.values, Config)
    layers = [read_layer(found, given, cwd) for found in (environment, dotenv)]
    origins = Origins(str(file), document.lines, [layer.origins for layer in layers])
    for layer in layers:
        learn(text for place, text in layer.values.items() if is_secret(place))
    _learn_secrets(given, ())
    problems = [problem for layer in reversed(layers) for problem in layer.problems]
    try:
        config = _merge(layers, given)
    except ValidationError as exc:
        raise ConfigError(*problem_lines(exc.errors(include_url=False), origins), *problems) from None
    if problems:
        raise ConfigError(*problems)
    return Loaded(config=config, origins=origins, file=file, layers=(environment, dotenv), cwd=cwd)


class _TextSource(EnvSettingsSource):
    """Variables that are already matched with their places."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[Place, str]) -> None:
        self._given = {PREFIX + DELIMITER.join(map(str, place)): text for place, text in values.items()}
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._given


class _Merged(Config, BaseSettings):
    """The configuration as pydantic-settings builds it out of sources that are handed in."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, case_sensitive=True, extra="forbid", frozen=True
    )


def variable_layers(
    env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[Mapping[str, Variable], Mapping[str, Variable]]:
    """All variables of the environment, and those of `.env`. Raises ConfigError for an unreadable `.env`."""
    environment = from_environment(process_environment() if env is None else env)
    return environment, from_dotenv((cwd or Path.cwd()) / DOTENV_FILE)


def _merge(layers: Sequence[Layer], given: dict[str, Any]) -> Config:
    """The layers, the strongest first, over what the file gives. Raises pydantic's ValidationError."""
    sources: list[PydanticBaseSettingsSource] = [_TextSource(_Merged, layer.values) for layer in layers]
    sources.append(InitSettingsSource(_Merged, given))
    merged = _Merged(_build_sources=(tuple(sources), {}))
    return Config.model_validate({key: getattr(merged, key) for key in merged.model_fields_set})


def _file(path: Path | None, variables: Mapping[str, Variable], cwd: Path) -> Path | None:
    """The configuration file. Raises ConfigError where a named one is missing."""
    named = variables.get("PROBE_CONFIG")
    if path is not None:
        prefix = ""
    elif named is not None:
        path, prefix = Path(named.value), f"{named.source}: PROBE_CONFIG: "
    else:
        default = Path(DEFAULT_FILE)
        return default if (cwd / default).is_file() else None
    try:
        (cwd / path).stat()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise ConfigError(f"{prefix}{visible(str(path))}: {reason}") from None
    return path


def _content(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{name}: {exc.strerror}") from None


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


def _learn_secrets(value: object, place: Place) -> None:
    """From here on no message shows them, also not one about this configuration."""
    if isinstance(value, dict):
        for key, item in value.items():
            _learn_secrets(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _learn_secrets(item, (*place, index))
    elif isinstance(value, str) and is_secret(place):
        learn([value])
