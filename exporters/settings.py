"""Reading the settings of an exporter."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from probe.errors import ConfigError

S = TypeVar("S", bound=BaseModel)


def parse_settings(model: type[S], section: str, settings: Mapping[str, object]) -> S:
    """`section` is where they stand, `exporters.otlp`. Raises ConfigError, which repeats no value."""
    try:
        return model.model_validate(dict(settings))
    except ValidationError as exc:
        wrong = ", ".join(dict.fromkeys(str(error["loc"][0]) for error in exc.errors()))
        raise ConfigError(f"{section}: {wrong} cannot be used") from None


def require_file(path: Path | None, key: str) -> None:
    """A library says of a file that is missing neither which one nor who named it. Raises ConfigError."""
    if path is not None and not path.is_file():
        raise ConfigError(f"{key}: there is no file {path}")
