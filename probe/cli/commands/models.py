"""`probe models …`: which models there are, which are going, and asking providers for their lists."""

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, command_group

models_group = command_group("Look at the models that providers list, and ask them again.")


@models_group.command("list")
def probe_models_list(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="A part of the name.")] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Of this provider.")] = None,
    active: Annotated[bool, typer.Option("--active", help="Only those that are probed.")] = False,
    available: Annotated[
        bool, typer.Option("--available", help="Only those that their provider lists.")
    ] = False,
    retiring: Annotated[
        bool, typer.Option("--retiring", help="Only those that are listed and said to go.")
    ] = False,
    vanished: Annotated[
        bool, typer.Option("--vanished", help="Only those that were listed and are no more.")
    ] = False,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each model.")] = False,
) -> None:
    """Print the models that were ever listed or probed.

    \b
    Examples:
      probe models list --active
      probe models list gpt-4 --provider openai --available
      probe models list --retiring --json
    """
    from probe.cli.actions.models import models_body, print_models, stored_models
    from probe.cli.session import show
    from probe.reports.models import ModelChoice

    choice = ModelChoice(
        probed=active or None,
        listed=available or None,
        retiring=retiring or None,
        vanished=vanished or None,
        text=text,
    )
    show(
        config,
        lambda settings: stored_models(settings, provider, choice),
        print_models,
        models_body,
        as_json=as_json,
        lines=True,
    )


@models_group.command("info")
def probe_models_info(
    model: Annotated[
        str, typer.Argument(metavar="PROVIDER/MODEL", help="As in `probe models list` or in a target.")
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print all that is known of one model.

    \b
    Examples:
      probe models info openai/gpt-4o-mini
    """
    from probe.cli.actions.models import model_info_body, print_model, read_model
    from probe.cli.session import show

    show(config, lambda settings: read_model(settings, model), print_model, model_info_body, as_json=as_json)


@models_group.command("sync")
def probe_models_sync(
    providers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROVIDER]...",
            help="A provider's name or a shell pattern; otherwise those of discovery.providers.",
        ),
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask providers for their model lists now, and print what changed.

    A list that does not come whole changes nothing. The exit status is 1 where one did not.

    \b
    Examples:
      probe models sync
      probe models sync openai 'my-*' --json
    """
    from probe.cli.actions.models import model_sync_body, print_model_sync, sync_models
    from probe.cli.session import show

    reports = show(
        config,
        lambda settings: sync_models(settings, providers or settings.discovery.providers),
        print_model_sync,
        model_sync_body,
        as_json=as_json,
    )
    if not all(report.complete for report in reports):
        raise typer.Exit(1)
