"""`probe events`: what happened to models, prices and budgets."""

from typing import Annotated

import typer

from probe.cli.options import ConfigFile, Limit, Since


def probe_events(
    kind: Annotated[
        str | None, typer.Option("--kind", "-k", metavar="KIND", help="Of this kind, such as model_vanished.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option(metavar="SEVERITY", help="Of this severity: info, warning, critical.")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Of this provider.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Of this model.")] = None,
    since: Since = None,
    limit: Limit = 20,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each event.")] = False,
) -> None:
    """Print what happened to models, prices and budgets, the newest first.

    \b
    Examples:
      probe events --since 7d
      probe events --severity critical
      probe events --kind model_appeared --provider openrouter -n 100 --json
    """
    from probe.cli.actions.events import event_filter, events_body, print_events, read_events
    from probe.cli.session import show

    wanted = event_filter(kind=kind, severity=severity, provider=provider, model=model, since=since)
    show(
        config,
        lambda settings: read_events(settings, wanted, limit),
        print_events,
        events_body,
        as_json=as_json,
        lines=True,
    )
