"""`probe estimate`: what runs would cost."""

from __future__ import annotations

from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, Patterns


def estimate(
    job: Annotated[
        str | None,
        typer.Option("--job", "-j", metavar="NAME", help="One job; otherwise all.", show_default=False),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite", "-s", metavar="NAME", help="One run of this suite instead of jobs.", show_default=False
        ),
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
    from probe.bootstrap.load import load_config
    from probe.cli.actions.estimate import appraise, print_appraisal, print_appraisal_json
    from probe.cli.session import quiet_logs, run_to_end

    if job is not None and suite is not None:
        raise typer.BadParameter("give a job or a suite, not both", param_hint="'--suite'")
    if target and suite is None:
        raise typer.BadParameter("goes with --suite; a job has its own targets", param_hint="'--target'")
    settings = load_config(config)
    quiet_logs(settings)
    found = run_to_end(appraise(settings, job=job, suite=suite, patterns=target or ["*"]))
    (print_appraisal_json if as_json else print_appraisal)(found)
