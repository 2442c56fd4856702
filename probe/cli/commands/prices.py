"""`probe prices …`: what models cost, who says so, and since when."""

from __future__ import annotations

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, help_without_command

app = typer.Typer(
    help="Look at what models cost, who says so, and since when.",
    callback=help_without_command,
    invoke_without_command=True,
)

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="provider/model or a shell pattern such as 'openrouter/*'; otherwise what is probed.",
        show_default=False,
    ),
]


@app.command()
def show(models: Models = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the prices in force, in USD per million tokens.

    \b
    Examples:
      probe prices show
      probe prices show 'openrouter/*' --json
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_show import print_prices, print_prices_json, read_prices
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    shown = run_to_end(read_prices(settings, models))
    (print_prices_json if as_json else print_prices)(shown)


@app.command()
def diff(models: Models = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print what each source says, side by side, and how far they are apart."""
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_show import print_differences, print_differences_json, read_prices
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    shown = run_to_end(read_prices(settings, models))
    (print_differences_json if as_json else print_differences)(shown)


@app.command()
def history(
    model: Annotated[str, typer.Argument(metavar="PROVIDER/MODEL", help="Whose prices.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print every price that was in force, oldest first."""
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_history import print_history, print_history_json, read_history
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    records = run_to_end(read_history(settings, model))
    (print_history_json if as_json else print_history)(records)


@app.command()
def sync(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask the sources of prices now.

    Providers that name prices in their model lists are asked by `probe models sync`.
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_sync import print_sync, print_sync_json, sync_prices
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    done = run_to_end(sync_prices(settings))
    (print_sync_json if as_json else print_sync)(done)
    if not done.complete:
        raise typer.Exit(1)


@app.command()
def review(
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
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_review import print_held, print_held_json, review_prices
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    reviewed = run_to_end(review_prices(settings, accept or (), reject or (), everything=everything))
    (print_held_json if as_json else print_held)(reviewed)


@app.command()
def cost(
    results: Annotated[list[str], typer.Argument(metavar="RESULT_ID...", help="Ids of stored results.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Reckon what results cost at the prices of their own instants."""
    from probe.bootstrap.load import load_config
    from probe.cli.actions.prices_cost import print_costs, print_costs_json, recompute_costs
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    found = run_to_end(recompute_costs(settings, results))
    (print_costs_json if as_json else print_costs)(found)
