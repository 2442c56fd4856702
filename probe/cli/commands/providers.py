"""`probe providers …`: who is known by name, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe.cli.options import AsJson, ConfigFile, command_group

if TYPE_CHECKING:
    from probe.providers.preset import Preset

providers_group = command_group(
    "Look at the providers and inference servers that are known by name, and add them to the configuration."
)


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
    from probe.providers.presets import PRESETS
    from probe.providers.resolve import hint_for

    preset = PRESETS.get(name)
    if preset is None:
        raise ConfigError(f"there is no preset {name!r}; {hint_for(name)}")
    described = _described(preset)
    if as_json:
        print_json(described)
        return
    departures = described.pop("departs_in")
    known = {field: value for field, value in described.items() if value}
    for field, value in (known | departures).items():
        print_line(f"{field.replace('_', ' '):<18} {_said(value)}")


@providers_group.command("add")
def probe_providers_add(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="What it is called: a preset's name, or another of your own."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="PRESET", help="The preset, where NAME is none.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where its API is, where the preset cannot know.")
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(metavar="DIALECT", help="The API that is spoken, if not the preset's usual.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="engine for a server of one's own, which wants no key.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="A model, which is tried and becomes a target.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--try/--no-try", help="Ask the model before anything is written.")
    ] = True,
    config: ConfigFile = None,
) -> None:
    """Add a provider to the configuration.

    What is not given is asked for on a terminal. One request is sent, and the file is written if it succeeds;
    its comments stay. A key is never written: it belongs into the variable that is named.

    \b
    Examples:
      probe providers add mistral --model mistral-small-latest
      probe providers add work --preset mistral --base-url https://llm.acme.example/v1 --model large
      probe providers add basement --base-url http://127.0.0.1:8000/v1 --kind engine --model tiny
    """
    from probe.cli.actions.add_provider import addition_of, write
    from probe.cli.output.attempt import print_attempt
    from probe.cli.output.table import print_line, print_note
    from probe.cli.session import run_to_end
    from probe.config.sources.variables import variable_of
    from probe.errors import ConfigError
    from probe.providers.presets import GENERIC, PRESETS
    from probe.providers.resolve import hint_for

    name = name or _ask("Name: a preset, or one of your own", None, "NAME")
    known = PRESETS.get(preset or name)
    if known is None and (preset is not None or (base_url is None and not _asks())):
        raise ConfigError(f"there is no preset {preset or name!r}; {hint_for(preset or name)}")
    if known is None and base_url is None:
        print_note(f"There is no preset {name!r}; {hint_for(name)}.")
    known = known or PRESETS[GENERIC]
    has_url = known.base_url is not None or any(each == dialect and url for each, url in known.also)
    if base_url is None and not has_url and known.kind != "simulated":
        base_url = _ask(f"Base URL, as {known.url_form or 'http://127.0.0.1:8000/v1'}", None, "--base-url")
    if model is None and (trial or _asks()):
        model = _ask("Model", next(iter(known.default_models), None), "--model")
    settings = {"preset": preset, "base_url": base_url, "dialect": dialect, "kind": kind}
    addition = addition_of(config, name, {key: value for key, value in settings.items() if value}, model)
    variable = known.key_variable or variable_of(("providers", name, "api_key"))
    if addition.text is None:
        print_note(f"{addition.file} is not written line by line. Nothing was changed; add this to it:")
        print_line(addition.entries.rstrip())
        raise typer.Exit(1)
    attempt = run_to_end(write(addition, name, model if trial else None))
    if attempt is not None and not attempt.success:
        print_attempt(attempt.capture, attempt.reading, attempt.cost, as_json=False)
        print_note(f"{addition.file} was not changed; --no-try writes it anyway")
        raise typer.Exit(1)
    print_note(f"{addition.file} was written")
    if (kind or known.kind) not in ("engine", "simulated"):
        print_note(f"Its key is read from {variable}")
    print_line(addition.entries.rstrip())


def _asks() -> bool:
    """Somebody is there to be asked."""
    import sys

    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: str, usual: str | None, option: str) -> str:
    """The answer of a person, or the usual one. Raises BadParameter if nobody is there and none is usual."""
    if _asks():
        return str(typer.prompt(question, default=usual, err=True)).strip()
    if usual is None:
        raise typer.BadParameter("is missing", param_hint=f"'{option}'")
    return usual


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} at {each}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join("=".join(each) if isinstance(each, tuple) else str(each) for each in value)
    return "none" if value is None else str(value)


# What the configuration of a provider may have in the place of a key, by the beginning of its dialects.
_CREDENTIALS = {
    "bedrock": "aws: access_key_id and secret_access_key, or credentials_file",
    "vertex": "google: {} or credentials_file",
}


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
        "instead_of_a_key": next(
            (said for start, said in _CREDENTIALS.items() if preset.dialect.startswith(start)), None
        ),
        "engine": preset.engine,
        "default_models": preset.default_models,
        "source": preset.docs_url,
        "departs_in": {
            field.name: quirks[field.name]
            for field in fields(Quirks)
            if quirks[field.name] != usual[field.name]
        },
    }
