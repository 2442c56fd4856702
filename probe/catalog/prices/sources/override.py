"""The override file (YAML): a mapping like `prices` in the configuration, kept apart from it.

`groq/llama-3.1-8b-instant: {input_per_million_usd: 0.05, output_per_million_usd: 0.08}` is a line of it.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from probe.config.probing import PriceConfig
from probe.config.sources.yaml_file import content_of, read_yaml
from probe.errors import ConfigError

_PRICE = TypeAdapter(PriceConfig)


def load_overrides(path: Path) -> Mapping[str, PriceConfig]:
    """By `provider/model`. Raises ConfigError with every problem; each begins with the file and the line."""
    return parse_overrides(content_of(path, str(path)), str(path))


def parse_overrides(content: bytes, name: str) -> Mapping[str, PriceConfig]:
    """`name` is what the file is called in messages. Raises ConfigError as `load_overrides`."""
    document = read_yaml(content, name)
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
            for error in exc.errors(include_url=False):
                place = ".".join(map(str, (key, *error["loc"])))
                here = document.lines.get((key, *error["loc"]), line)
                problems.append(f"{name}:{here}: {place}: {error['msg']}")
    if problems:
        raise ConfigError(*problems)
    return found
