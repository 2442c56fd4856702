"""`probe run`: every target once, now."""

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, Patterns


def probe_run(
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
    from functools import partial

    from probe.cli.actions.run import print_report, report_body, run_once
    from probe.cli.session import show

    work = partial(
        run_once,
        suite=suite,
        patterns=target or ["*"],
        concurrency=concurrency,
        keep=store,
        over_budget=over_budget,
    )
    report = show(config, work, print_report, report_body, as_json=as_json)
    if not report.flawless:
        raise typer.Exit(1)
