"""`probe run`: every target once, now."""

from __future__ import annotations

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, Patterns


def run(
    suite: Annotated[
        str, typer.Option("--suite", "-s", metavar="NAME", help="A bundled suite or one of your own.")
    ] = "mystery-shopper",
    target: Patterns = None,
    concurrency: Annotated[int, typer.Option(min=1, metavar="N", help="Requests in flight at once.")] = 100,
    store: Annotated[
        bool, typer.Option("--store/--no-store", help="Keep the results in the database.")
    ] = True,
    over_budget: Annotated[
        bool, typer.Option("--over-budget", help="Run even where a budget has too little left.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask the targets a suite, now.

    The exit status is 1 where an attempt failed, a result could not be stored, or a budget has too little
    left for the run, which is not begun then.

    \b
    Examples:
      probe run
      probe run --suite quick --target 'groq/*' --no-store
      probe run --json | jq '.results[].timing.ttft_seconds'
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.run import shop
    from probe.cli.output.results import print_report, report_json
    from probe.cli.output.table import print_line
    from probe.cli.session import quiet_logs, run_to_end

    settings = load_config(config)
    quiet_logs(settings)
    outcome = run_to_end(
        shop(
            settings,
            suite=suite,
            patterns=target or ["*"],
            concurrency=concurrency,
            keep=store,
            over_budget=over_budget,
        )
    )
    if as_json:
        print_line(report_json(outcome))
    else:
        print_report(outcome)
    if not outcome.flawless:
        raise typer.Exit(1)
