"""`probe estimate`: what runs would cost."""

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, Patterns


def probe_estimate(
    job: Annotated[
        str | None, typer.Option("--job", "-j", metavar="NAME", help="One job; otherwise all.")
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", "-s", metavar="NAME", help="One run of this suite instead of jobs."),
    ] = None,
    target: Patterns = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what runs would cost, before anything is spent.

    Tokens are those of recent results; where there are none they are assumed, and bounds are given. Nothing
    is sent.

    \b
    Examples:
      probe estimate
      probe estimate --job benchmark --json
      probe estimate --suite quick --target 'groq/*'
    """
    from probe.cli.actions.estimate import estimate_body, estimate_plan, print_estimate
    from probe.cli.session import show

    if job is not None and suite is not None:
        raise typer.BadParameter("give a job or a suite, not both", param_hint="'--suite'")
    if target and suite is None:
        raise typer.BadParameter("goes with --suite; a job has its own targets", param_hint="'--target'")
    patterns = target or ["*"]
    show(
        config,
        lambda settings: estimate_plan(settings, job=job, suite=suite, patterns=patterns),
        print_estimate,
        estimate_body,
        as_json=as_json,
    )
