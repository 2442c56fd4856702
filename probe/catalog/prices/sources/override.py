"""The override file (YAML): a mapping like `prices` in the configuration, kept apart from it.

`groq/llama-3.1-8b-instant: {input_per_million_usd: 0.05, output_per_million_usd: 0.08}` is a line of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from probe.config.probing import PriceConfig
from probe.config.sources.problems import Origins, problem_lines
from probe.config.sources.yaml_file import content_of, read_yaml
from probe.errors import ConfigError

_PRICE = TypeAdapter(PriceConfig)


def load_overrides(path: Path) -> Mapping[str, PriceConfig]:
    """By `provider/model`. Raises ConfigError with every problem; each begins with the file and the line."""
    return parse_overrides(content_of(path, str(path)), str(path))


def parse_overrides(content: bytes, name: str) -> Mapping[str, PriceConfig]:
    """`name` is what the file is called in messages. Raises ConfigError as `load_overrides`."""
    document = read_yaml(content, name)
    origins = Origins(name, {("prices", *place): at for place, at in document.lines.items()}, [])
    found: dict[str, PriceConfig] = {}
    problems: list[str] = []
    for key, value in document.values.items():
        line = document.lines[(key,)]
        provider, _, model = key.partition("/")
        if not provider or not model:
            problems.append(f"{name}:{line}: {key}: must be provider/model")
            continue
        try:
            found[key] = _PRICE.validate_python(value)
        except ValidationError as exc:
            # In the words for the same mistakes under `prices` of the configuration.
            errors = [{**each, "loc": ("prices", key, *each["loc"])} for each in exc.errors()]
            lines = problem_lines(cast("list[ErrorDetails]", errors), origins)
            problems += (each.replace(": prices.", ": ", 1) for each in lines)
    if problems:
        raise ConfigError(*problems)
    return found
