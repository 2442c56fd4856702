"""What is written about the settings, made from them: the reference for people, the schema for editors."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from probe.config import Config
from probe.config.sources.shape import Place, bare, dotted, every_setting, is_list, is_mapping, is_section
from probe.config.sources.variables import variable_of
from probe.config.values import Section

SCHEMA_FILE: Final = "docs/config.schema.json"
REFERENCE_FILE: Final = "docs/configuration.md"

_INTRODUCTION: Final = """\
# Configuration

Nothing has to be configured: without a file, the providers whose keys are in the environment or in `.env` are
probed with their default models, and without any key the bundled simulator is.

Settings come from three places; a later one wins:

1. `probe.yaml` in the working directory, or the file of `--config` or `PROBE_CONFIG`;
2. `.env` in the working directory;
3. the environment.

Where a variable gives a secret, the same name with `_FILE` can give a file that holds it instead:
`PROBE_DATABASE_URL_FILE=/run/secrets/db`, `OPENAI_API_KEY_FILE=/run/secrets/openai`.

A section is written `PROBE_<SECTION>__<KEY>`, with two underscores. A name that you chose is written in
capitals with `_` for whatever is no letter or digit: `PROBE_PROVIDERS__MY_VLLM__API_KEY` is the key of
`my-vllm`. Lists, and whole sections, are given as JSON. Relative paths start at the working directory.

`probe config check` names every mistake with its line, `probe config show` prints what is in force and where
each value came from, and an editor completes a `probe.yaml` that begins with

```yaml
# yaml-language-server: $schema=docs/config.schema.json
```

The keys of providers are usually in the variables that their own tools read: `OPENAI_API_KEY`,
`ANTHROPIC_API_KEY` ([providers.md](providers.md) has them all). Secrets never appear in output, logs,
results or errors.

This page is generated from `probe/config`.
"""


def reference() -> str:
    """`REFERENCE_FILE`: one table for each section."""
    return "\n".join([_INTRODUCTION, *_tables(Config, ())])


def json_schema() -> str:
    """`SCHEMA_FILE`: the JSON schema of probe.yaml."""
    made = _tidy(Config.model_json_schema())
    url = made["$defs"]["DatabaseConfig"]["properties"]["url"]
    url["default"] = Config().database.url.get_secret_value()  # pydantic masks what is no secret
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "probe.yaml", **made}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Without titles, which repeat the keys, and defaults of sections, whose keys have their own."""
    if isinstance(node, dict):
        unwanted = {"title"} | ({"default"} if "$ref" in node else set())
        return {
            key: _tidy(value)
            for key, value in node.items()
            if not (key in unwanted and isinstance(value, str | dict))
        }
    return [_tidy(item) for item in node] if isinstance(node, list) else node


def _tables(section: type[Section], place: Place) -> Iterator[str]:
    yield f"## {_heading(place)}\n"
    if place:
        yield f"{(section.__doc__ or '').strip().splitlines()[0]}\n"
    yield "| key | is | default | variable | meaning |"
    yield "|---|---|---|---|---|"
    for key, field in section.model_fields.items():
        yield _row((*place, key), field)
    yield ""
    for key, field in section.model_fields.items():
        inner = _inner(bare(field.annotation))
        if inner is not None:
            step: Place = (key, "<name>") if is_mapping(bare(field.annotation)) else (key,)
            yield from _tables(inner, (*place, *step))


def _heading(place: Place) -> str:
    return f"`{dotted(place)}`" if place else "Top level"


def _inner(shape: Any) -> type[Section] | None:
    """The section that stands at, or repeatedly below, a setting of this shape."""
    if is_mapping(shape):
        shape = bare(get_args(shape)[1])
    elif is_list(shape):
        shape = bare(get_args(shape)[0])
    return shape if is_section(shape) else None


def _row(place: Place, field: FieldInfo) -> str:
    shape = bare(field.annotation)
    has_none = _in_list(place) or _inner(shape) or place[0] == "prices"  # no variable can hold the /
    variable = "" if has_none else f"`{_variable(place)}`"
    cells = [f"`{place[-1]}`", _kind(shape), _default(field), variable, field.description or ""]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _in_list(place: Place) -> bool:
    return any(place[: len(other)] == other and len(place) > len(other) for other in _LISTS)


_LISTS: Final = tuple(place for place, field in every_setting() if is_list(bare(field.annotation)))


def _variable(place: Place) -> str:
    return variable_of(place).replace("_NAME_", "<NAME>")


_KINDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}


def _kind(shape: Any) -> str:
    if get_origin(shape) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(shape))
    if is_mapping(shape):
        return "mapping by name"
    if is_list(shape):
        inner: Any = bare(get_args(shape)[0])
        if get_origin(inner) is Literal:
            return f"list of {_kind(inner)}"
        return "list" if is_section(inner) else f"list of {_KINDS[inner]}s"
    return "section" if is_section(shape) else _KINDS[shape]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), {}) or _inner(bare(field.annotation)):
        return ""
    if isinstance(value, SecretStr):
        return f"`{value.get_secret_value()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{json.dumps(value)}`" if isinstance(value, bool | tuple) else f"`{value}`"
