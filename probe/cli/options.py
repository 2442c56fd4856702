"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; otherwise PROBE_CONFIG's, else ./probe.yaml if there is one.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        metavar="PATTERN",
        help="A target's name or a shell pattern such as 'groq/*'; can be repeated. Otherwise all.",
        show_default=False,
    ),
]


def help_without_command(context: typer.Context) -> None:
    """A callback for groups: the name of the group alone prints its help."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
