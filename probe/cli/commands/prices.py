"""`probe prices …`: what models cost, who says so, and since when."""

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, command_group

prices_group = command_group("Look at what models cost, who says so, and since when.")

_Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="provider/model or a shell pattern such as 'openrouter/*'; otherwise what is probed.",
    ),
]


@prices_group.command("show")
def probe_prices_show(models: _Models = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the prices in force, in USD per million tokens.

    \b
    Examples:
      probe prices show
      probe prices show 'openrouter/*' --json
    """
    from probe.cli.actions.prices import prices_body, print_prices, read_prices
    from probe.cli.session import show

    show(config, lambda settings: read_prices(settings, models), print_prices, prices_body, as_json=as_json)


@prices_group.command("diff")
def probe_prices_diff(models: _Models = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print what each source says, side by side, and how far they are apart."""
    from probe.cli.actions.prices import differences_body, print_differences, read_prices
    from probe.cli.session import show

    show(
        config,
        lambda settings: read_prices(settings, models),
        print_differences,
        differences_body,
        as_json=as_json,
    )


@prices_group.command("history")
def probe_prices_history(
    model: Annotated[str, typer.Argument(metavar="PROVIDER/MODEL", help="Whose prices.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print every price that was in force, oldest first."""
    from probe.cli.actions.prices import history_body, print_history, read_history
    from probe.cli.session import show

    show(config, lambda settings: read_history(settings, model), print_history, history_body, as_json=as_json)


@prices_group.command("sync")
def probe_prices_sync(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask the sources of prices now.

    Providers that name prices in their model lists are asked by `probe models sync`.
    """
    from probe.cli.actions.price_sources import print_sync, sync_body, sync_prices
    from probe.cli.session import show

    done = show(config, sync_prices, print_sync, sync_body, as_json=as_json)
    if not done.complete:
        raise typer.Exit(1)


@prices_group.command("review")
def probe_prices_review(
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="ID", help="Put this price in force.")
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option("--reject", metavar="ID", help="Keep the price before, until the source says another."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Put all that wait in force, but those to reject.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the prices that wait because they jump, or decide on them.

    An ID may be shortened as long as it is clear. A daemon that runs takes a decision over within minutes.

    \b
    Examples:
      probe prices review
      probe prices review --accept 3f2a --reject 90c1
    """
    from probe.cli.actions.price_sources import held_body, print_held, review_prices
    from probe.cli.session import show

    show(
        config,
        lambda settings: review_prices(settings, accept or (), reject or (), everything=everything),
        print_held,
        held_body,
        as_json=as_json,
    )


@prices_group.command("cost")
def probe_prices_cost(
    results: Annotated[list[str], typer.Argument(metavar="RESULT_ID...", help="Ids of stored results.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Reckon what results cost at the prices of their own instants."""
    from probe.cli.actions.prices import costs_body, print_costs, recompute_costs
    from probe.cli.session import show

    show(
        config, lambda settings: recompute_costs(settings, results), print_costs, costs_body, as_json=as_json
    )
