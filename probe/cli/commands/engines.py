"""`probe engines …`: the inference servers behind the targets, asked about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, help_without_command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.cli.actions.engines import Look, Seen

app = typer.Typer(
    help="Look at the inference servers: Ollama, vLLM, TGI, llama.cpp.",
    callback=help_without_command,
    invoke_without_command=True,
)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="A provider's name, or a kind: vllm, tgi, llamacpp, ollama. Otherwise all that are configured.",
        show_default=False,
    ),
]


@app.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the configured inference servers.

    None of them is asked anything.

    \b
    Examples:
      probe engines list
      probe engines list --json
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.engines import configured_engines
    from probe.cli.output.engines import print_list, print_list_json

    settings = load_config(config)
    (print_list_json if as_json else print_list)(configured_engines(settings), settings.targets)


@app.command()
def health(engines: Names = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask inference servers whether they are well.

    What they are doing is shown beside it, as far as they tell.

    The exit status is 1 where one is not well.

    \b
    Examples:
      probe engines health
      probe engines health ollama
      probe engines health my-vllm --json
    """
    from probe.cli.actions.engines import see_health
    from probe.cli.output.engines import print_health, print_json

    seen = _ask(config, engines, see_health)
    (print_json if as_json else print_health)(seen)
    _end(seen)


@app.command()
def info(engines: Names = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask inference servers what they are.

    Version, models in memory, capabilities, totals since they began.

    The exit status is 1 where one does not answer.

    \b
    Examples:
      probe engines info
      probe engines info llamacpp --json
    """
    from probe.cli.actions.engines import see_info
    from probe.cli.output.engines import print_info, print_json

    seen = _ask(config, engines, see_info)
    (print_json if as_json else print_info)(seen)
    _end(seen)


def _ask(config: Path | None, engines: Sequence[str] | None, look: Look) -> Sequence[Seen]:
    from probe.bootstrap.load import load_config
    from probe.cli.actions.engines import ask_engines, choose_engines
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    return run_to_end(ask_engines(choose_engines(settings, engines or ()), look))


def _end(seen: Sequence[Seen]) -> None:
    if not all(each.healthy for each in seen):
        raise typer.Exit(1)
