"""Options that several commands share."""

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
    ),
]


Limit = Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="At most so many.")]
OfSuite = Annotated[str | None, typer.Option("--suite", "-s", metavar="NAME", help="Of this suite.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="AGE", help="Not older than this: 30m, 24h, 7d.")
]


def command_group(about: str) -> typer.Typer:
    """The name of the group alone prints its help."""
    return typer.Typer(help=about, callback=help_without_command, invoke_without_command=True)


def help_without_command(context: typer.Context) -> None:
    """A callback."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
