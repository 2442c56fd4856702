"""`probe config …`: is it right, what is in force, what is there to set."""

from __future__ import annotations

import typer

from probe.cli.options import ConfigFile, help_without_command

app = typer.Typer(
    help="Check and show the configuration.", callback=help_without_command, invoke_without_command=True
)


@app.command("check")
def probe_config_check(config: ConfigFile = None) -> None:
    """Say whether the configuration can be used.

    Every mistake is a line with its place.

    \b
    Examples:
      probe config check
      probe config check --config /etc/probe/probe.yaml
    """
    from probe.bootstrap.load import load_usable
    from probe.cli.output.table import print_line

    loaded = load_usable(config)
    settings = loaded.config
    counts = ", ".join(
        f"{len(things)} {noun if len(things) == 1 else f'{noun}s'}"
        for things, noun in (
            (settings.providers, "provider"),
            (settings.targets, "target"),
            (settings.jobs, "job"),
        )
    )
    print_line(f"{loaded.file or 'no file'}: ok: {counts}")


@app.command("show")
def probe_config_show(config: ConfigFile = None) -> None:
    """Print the configuration in force, as YAML.

    A comment names the source of every value that is no default. Secrets are masked.
    """
    from probe.bootstrap.load import load_usable
    from probe.cli.output.table import print_line
    from probe.config.sources.show import annotated_yaml

    print_line(annotated_yaml(load_usable(config)).rstrip())


@app.command("schema")
def probe_config_schema() -> None:
    """Print the JSON schema of probe.yaml.

    For editors, and for checks elsewhere."""
    from probe.cli.output.table import print_line
    from probe.config.sources.reference import json_schema

    print_line(json_schema().rstrip())
