"""`probe providers …`: who is known by name, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe.cli.options import AsJson, command_group

if TYPE_CHECKING:
    from probe.providers.preset import Preset

providers_group = command_group("Look at the providers and inference servers that are known by name.")


@providers_group.command("list")
def probe_providers_list(
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="A part of the name or of the base URL.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the presets: what needs no more than its key.

    \b
    Examples:
      probe providers list
      probe providers list bedrock --json
    """
    from probe.cli.output.table import print_json, print_table
    from probe.providers.presets import PRESETS
    from probe.reports.format import UNKNOWN

    rows = [_described(preset) for preset in PRESETS.values()]
    wanted = (text or "").lower()
    rows = [
        row
        for row in rows
        if wanted in f"{row['name']} {row['provider']} {row['base_url'] or row['url_form']}".lower()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("preset", "provider", "kind", "dialects", "base URL", "key"),
        [
            [
                row["name"],
                row["provider"],
                row["kind"],
                ", ".join(row["dialects"]),
                row["base_url"] or row["url_form"] or UNKNOWN,
                row["key_variable"] or UNKNOWN,
            ]
            for row in rows
        ],
    )


@providers_group.command("show")
def probe_providers_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The preset.")], as_json: AsJson = False
) -> None:
    """Print all that is known of a preset, and where it departs from its dialect.

    \b
    Examples:
      probe providers show mistral
    """
    from probe.cli.output.table import print_json, print_line
    from probe.errors import ConfigError
    from probe.lib.patterns import did_you_mean
    from probe.providers.presets import PRESETS

    preset = PRESETS.get(name)
    if preset is None:
        guess = did_you_mean(name, PRESETS)
        hint = f"did you mean {guess!r}?" if guess else "`probe providers list` shows them"
        raise ConfigError(f"there is no preset {name!r}; {hint}")
    described = _described(preset)
    if as_json:
        print_json(described)
        return
    known = {**described, **described.pop("departs_in")}
    for field, value in known.items():
        if value or value is False:
            print_line(f"{field.replace('_', ' '):<18} {_said(value)}")


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} at {each}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join("=".join(each) if isinstance(each, tuple) else str(each) for each in value)
    return str(value)


def _described(preset: Preset) -> dict[str, Any]:
    """`dialects` begin with the one that is spoken unless another is set; None is not known."""
    from dataclasses import asdict, fields

    from probe.providers.preset import Quirks

    usual, quirks = asdict(Quirks()), asdict(preset.quirks)
    return {
        "name": preset.name,
        "provider": preset.display_name,
        "kind": preset.kind,
        "dialects": [preset.dialect, *(dialect for dialect, _ in preset.also)],
        "base_url": preset.base_url,
        "url_form": preset.url_form,
        "other_base_urls": {dialect: url for dialect, url in preset.also if url},
        "key_variable": preset.key_variable,
        "engine": preset.engine,
        "default_models": preset.default_models,
        "source": preset.docs_url,
        "departs_in": {
            field.name: quirks[field.name]
            for field in fields(Quirks)
            if quirks[field.name] != usual[field.name]
        },
    }
