"""A provider put into the configuration: its file keeps every comment, and never gets a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from probe.bootstrap.load import complete, load_config
from probe.cli.actions.test_request import Attempt, Question, send_request
from probe.config.sources.load import DEFAULT_FILE, load
from probe.config.sources.yaml_file import read_yaml
from probe.config.values import FrozenDict
from probe.errors import ConfigError

_QUESTION = Question(prompt="Say only: OK", max_tokens=16, stream=True, warm=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What is to be written. `text` is the whole file then; None where entries cannot be put in by lines."""

    file: Path
    text: str | None
    entries: str


def addition_of(file: Path | None, name: str, provider: Mapping[str, str], model: str | None) -> Addition:
    """The provider, with the model as a target, in the file; otherwise in the one that is read anyway.

    Raises ConfigError if the file cannot be read, or has a provider of that name.
    """
    if file is None:
        file = load().file or Path(DEFAULT_FILE)
    before = file.read_bytes() if file.exists() else b""
    values: dict[str, Any] = dict(read_yaml(before, str(file)).values)
    if name in (values.get("providers") or {}):
        raise ConfigError(f"{file} has a provider {name!r} already; change it there, or add another name")
    targets = [] if model is None else [{"provider": name, "model": model}]
    if targets and values.get("providers") and not values.get("targets"):
        # Default models are probed only as long as there is no list.
        usual = complete(load(file))[0].config.targets
        targets = [{"provider": each.provider, "model": each.model} for each in usual] + targets
    added: dict[str, Any] = {"providers": {name: dict(provider) or None}}
    if targets:
        added["targets"] = targets
    text: str | None = before.decode("utf-8-sig")
    for section, entry in added.items():
        text = None if text is None else _with(text, section, _yaml(entry))
        old = values.get(section)
        values[section] = {**(old or {}), **entry} if section == "providers" else [*(old or []), *entry]
    if text is not None and read_yaml(text.encode(), str(file)).values != values:
        text = None
    return Addition(file=file, text=text, entries=_yaml(added))


def _with(text: str, section: str, entry: str) -> str | None:
    """The text with the entry at the end of a section; None if that is not written line by line."""
    text += "" if text.endswith("\n") or not text else "\n"
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else []
    value = next((value for key, value in pairs if key.value == section), None)
    lines = text.splitlines(keepends=True)
    if value is None:
        gap = "\n" if lines else ""
        return f"{text}{gap}{section}:\n{indent(entry, '  ')}"
    end, column = value.end_mark.line, 2
    if isinstance(value, yaml.CollectionNode):
        if value.flow_style:
            return None
        column = value.start_mark.column
    elif value.value in ("", "~", "null"):
        end += 1
    else:
        return None
    # Comments and blank lines before what follows are of that.
    while lines[end - 1].lstrip().startswith("#") or not lines[end - 1].strip():
        end -= 1
    return "".join((*lines[:end], indent(entry, " " * column), *lines[end:]))


def _yaml(value: Any) -> str:
    said = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
    return said.replace(": null\n", ":\n")


async def write(addition: Addition, name: str, model: str | None) -> Attempt | None:
    """The file written, once a request has succeeded; without a model none is sent, and no key is needed.

    Raises ConfigError, ProviderError, StopwatchError; nothing is written then.
    """
    assert addition.text is not None
    file = addition.file.resolve()
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        unfinished.touch(file.stat().st_mode & 0o777 if file.exists() else 0o666)
        unfinished.write_text(addition.text, encoding="utf-8")
        attempt = None if model is None else await _try(unfinished, name, model)
        load(unfinished)
        if attempt is None or attempt.success:
            unfinished.replace(file)
        return attempt
    except ConfigError as exc:
        raise ConfigError(
            *(each.replace(str(unfinished), str(addition.file)) for each in exc.problems)
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)


async def _try(file: Path, name: str, model: str) -> Attempt:
    config = load_config(file)
    target = next(each for each in config.targets if (each.provider, each.model) == (name, model))
    alone = {"providers": FrozenDict({name: config.providers[name]}), "targets": (target,), "jobs": ()}
    return await send_request(config.model_copy(update=alone), target.label, _QUESTION)
