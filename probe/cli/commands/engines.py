"""`probe engines …`: the inference servers behind the targets, asked about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, command_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from probe.cli.actions.engines import EngineAnswer, Look

engines_group = command_group("Look at the inference servers: Ollama, vLLM, TGI, llama.cpp.")

_Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="A provider's name, or a kind: vllm, tgi, llamacpp, ollama. Otherwise all that are configured.",
    ),
]


@engines_group.command("list")
def probe_engines_list(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the configured inference servers.

    None of them is asked anything.

    \b
    Examples:
      probe engines list
      probe engines list --json
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.engines import configured_engines, engine_list_body, print_engine_list
    from probe.cli.output.table import print_json

    settings = load_config(config)
    engines = configured_engines(settings)
    if as_json:
        print_json(engine_list_body(engines, settings.targets))
    else:
        print_engine_list(engines, settings.targets)


@engines_group.command("health")
def probe_engines_health(engines: _Names = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask inference servers whether they are well.

    What they are doing is shown beside it, as far as they tell.

    The exit status is 1 where one is not well.

    \b
    Examples:
      probe engines health
      probe engines health ollama
      probe engines health my-vllm --json
    """
    from probe.cli.actions.engines import print_health, see_health

    _show(config, engines, see_health, print_health, as_json=as_json)


@engines_group.command("info")
def probe_engines_info(engines: _Names = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask inference servers what they are.

    Version, models in memory, capabilities, totals since they began.

    The exit status is 1 where one does not answer.

    \b
    Examples:
      probe engines info
      probe engines info llamacpp --json
    """
    from probe.cli.actions.engines import print_engines, see_info

    _show(config, engines, see_info, print_engines, as_json=as_json)


def _show(
    config: Path | None,
    names: Sequence[str] | None,
    look: Look,
    text: Callable[[Sequence[EngineAnswer]], None],
    *,
    as_json: bool,
) -> None:
    from probe.cli.actions.engines import answers_body, ask_engines, choose_engines
    from probe.cli.session import show

    answers = show(
        config,
        lambda settings: ask_engines(choose_engines(settings, names or ()), look),
        text,
        answers_body,
        as_json=as_json,
    )
    if not all(each.healthy for each in answers):
        raise typer.Exit(1)
