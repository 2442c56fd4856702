"""The models that a simulator has, bundled and from a behaviour file, with their phases over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from probe.errors import ConfigError
from probe.simulator.behaviour import Behaviour, from_query, overridden

BUNDLED_FILE = Path(__file__).with_name("characters.yaml")
DEFAULT_MODEL = "sim"


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourPhase:
    """In force from `after_seconds` on, until the next phase."""

    after_seconds: float
    behaviour: Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A behaviour and the phases that replace it. `repeat_seconds` starts the timeline over that often."""

    base: Behaviour
    phases: tuple[BehaviourPhase, ...] = ()
    repeat_seconds: float | None = None

    def at(self, elapsed_seconds: float) -> Behaviour:
        """The behaviour that many seconds after the simulator started."""
        if self.repeat_seconds:
            elapsed_seconds %= self.repeat_seconds
        current = self.base
        for phase in self.phases:
            if elapsed_seconds < phase.after_seconds:
                break
            current = phase.behaviour
        return current


class UnknownModelError(LookupError):
    """The simulator has no model of that name."""


class Models:
    """All models by name; those of the behaviour file are read again as soon as the file changes.

    A changed file that cannot be used changes nothing; `error` says why until it can.
    """

    def __init__(self, behaviour_file: Path | None = None) -> None:
        """Raises ConfigError where the file cannot be used."""
        self._bundled = {DEFAULT_MODEL: Model(base=Behaviour()), **read_models(BUNDLED_FILE)}
        self._file = behaviour_file
        self._signature = self._sign()
        self._models = (
            self._bundled if behaviour_file is None else self._bundled | read_models(behaviour_file)
        )
        self.error: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        self._refresh()
        return tuple(self._models)

    def behaviour(self, requested: str, elapsed_seconds: float) -> Behaviour:
        """What `name` or `name?parameter=value&…` means now.

        Raises UnknownModelError, or ConfigError for parameters that cannot be used.
        """
        self._refresh()
        model = self._models.get(requested)
        if model is not None:
            return model.at(elapsed_seconds)
        name, mark, query = requested.partition("?")
        model = self._models.get(name)
        if model is None or not mark:
            raise UnknownModelError(requested)
        return from_query(model.at(elapsed_seconds), query)

    def _refresh(self) -> None:
        if self._file is None:
            return
        signature = self._sign()
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._models = self._bundled | read_models(self._file)
            self.error = None
        except ConfigError as exc:
            self.error = str(exc)

    def _sign(self) -> tuple[int, int, int] | None:
        """Differs whenever the file was written or replaced; None if it is missing."""
        if self._file is None:
            return None
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def read_models(path: Path) -> dict[str, Model]:
    """The models of a behaviour file. Raises ConfigError naming the file, the model and the parameter."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"behaviour file {path}: {exc.strerror}") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise ConfigError(f"behaviour file {path}: no YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(document, dict) or set(document) != {"models"}:
        raise ConfigError(f"behaviour file {path}: expected one key, models")
    models = _mapping(document["models"], f"{path}: models")
    return {str(name): _model(value, f"{path}: {name}") for name, value in models.items()}


def _model(value: object, place: str) -> Model:
    parameters = _mapping(value, place)
    listed = parameters.pop("phases", [])
    repeat_seconds = _seconds(parameters.pop("repeat_seconds", None), f"{place}: repeat_seconds")
    base = overridden(Behaviour(), parameters, place)
    if not isinstance(listed, list):
        raise ConfigError(f"{place}: phases: expected a list")
    phases = tuple(_phase(entry, base, f"{place}: phases[{index}]") for index, entry in enumerate(listed))
    starts = [phase.after_seconds for phase in phases]
    if starts != sorted(set(starts)):
        raise ConfigError(f"{place}: phases: each must start after the one before")
    return Model(base=base, phases=phases, repeat_seconds=repeat_seconds)


def _phase(value: object, base: Behaviour, place: str) -> BehaviourPhase:
    parameters = _mapping(value, place)
    after_seconds = _seconds(parameters.pop("after_seconds", None), f"{place}: after_seconds")
    if after_seconds is None:
        raise ConfigError(f"{place}: after_seconds is missing")
    return BehaviourPhase(after_seconds=after_seconds, behaviour=overridden(base, parameters, place))


def _mapping(value: object, place: str) -> dict[str, object]:
    """A copy that may be taken apart. An empty entry is an empty mapping."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place}: expected a mapping")
    return {str(key): entry for key, entry in value.items()}


def _seconds(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ConfigError(f"{place}: expected seconds, 0 or more")
    return float(value)
