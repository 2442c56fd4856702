"""`probe results`: what is stored."""

from typing import Annotated

import typer

from probe.cli.options import ConfigFile, Limit, OfSuite, Since


def probe_results(
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="NAME", help="Of this target.")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Of this provider.")] = None,
    suite: OfSuite = None,
    run: Annotated[str | None, typer.Option(metavar="ID", help="Of this run.")] = None,
    failed: Annotated[
        bool | None, typer.Option("--failed/--ok", help="Only failures, or only successes.")
    ] = None,
    since: Since = None,
    limit: Limit = 20,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each result.")] = False,
) -> None:
    """Print stored results, the newest first.

    \b
    Examples:
      probe results --failed --since 24h
      probe results --target openai/gpt-4o-mini -n 1000 --json
    """
    from probe.cli.actions.results import print_results, read_results, result_filter, results_body
    from probe.cli.session import show

    wanted = result_filter(target=target, provider=provider, suite=suite, run=run, failed=failed, since=since)
    show(
        config,
        lambda settings: read_results(settings, wanted, limit),
        print_results,
        results_body,
        as_json=as_json,
        lines=True,
    )
