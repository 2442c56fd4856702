"""`probe metrics …`: what providers and engines say of themselves, out of stored results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from probe.cli.options import AsJson, ConfigFile, Limit, OfSuite, Since, command_group

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.facts.sample import Sample

metrics_group = command_group("Look at what servers say of themselves, by results.")

OfTarget = Annotated[str | None, typer.Option("--target", "-t", metavar="NAME", help="Of this target.")]
OfEngine = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="NAME", help="Of this provider, or of this kind: vllm, tgi, llamacpp, ollama."
    ),
]


@metrics_group.command("show")
def probe_metrics_show(
    target: OfTarget = None,
    engine: OfEngine = None,
    suite: OfSuite = None,
    since: Since = None,
    limit: Limit = 20,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the servers' own metrics of stored results, the newest first.

    The source is the answer, its headers, or the server's metrics before and after it.

    \b
    Examples:
      probe metrics show --engine ollama
      probe metrics show --target my-vllm/llama --since 24h
    """
    from probe.cli.actions.metrics import print_metrics, records_body
    from probe.cli.output.table import print_json

    samples, engines = _read(config, limit, target=target, engine=engine, suite=suite, since=since)
    if as_json:
        print_json(records_body(samples, engines))
    else:
        print_metrics(samples)


@metrics_group.command("export")
def probe_metrics_export(
    form: Annotated[Literal["json", "csv"], typer.Option("--format", help="What to write.")] = "json",
    target: OfTarget = None,
    engine: OfEngine = None,
    suite: OfSuite = None,
    since: Since = None,
    limit: Limit = 100_000,
    config: ConfigFile = None,
) -> None:
    """Write the servers' own metrics of stored results to stdout.

    Units are in the names; what is unknown is null in JSON and empty in CSV.

    \b
    Examples:
      probe metrics export --format csv --since 7d > metrics.csv
      probe metrics export --engine vllm > metrics.json
    """
    from probe.cli.actions.metrics import print_csv, records_body
    from probe.cli.output.table import print_json

    samples, engines = _read(config, limit, target=target, engine=engine, suite=suite, since=since)
    if form == "json":
        print_json(records_body(samples, engines))
    else:
        print_csv(samples, engines)


@metrics_group.command("analyze")
def probe_metrics_analyze(
    target: OfTarget = None,
    engine: OfEngine = None,
    suite: OfSuite = None,
    since: Since = None,
    percentiles: Annotated[bool, typer.Option("--percentiles", help="Also p50, p90, p95 and p99.")] = False,
    variance: Annotated[
        bool, typer.Option("--variance", help="Also variance, standard deviation and variation.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="Of at most so many results.")
    ] = 100_000,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Sum up the servers' own metrics by target.

    A percentile over too few values is marked with ~: it is a guess.

    \b
    Examples:
      probe metrics analyze --since 7d --percentiles
      probe metrics analyze --engine llamacpp --percentiles --variance --json
    """
    from probe.cli.actions.metrics import analysis_body, print_analysis
    from probe.cli.output.table import print_json

    samples, _ = _read(config, limit, target=target, engine=engine, suite=suite, since=since)
    if as_json:
        print_json(analysis_body(samples, percentiles=percentiles, variance=variance))
    else:
        print_analysis(samples, percentiles=percentiles, variance=variance)


def _read(config: Path | None, limit: int, **chosen: str | None) -> tuple[Sequence[Sample], dict[str, str]]:
    """The results, and which server is behind which provider."""
    from probe.cli.actions.metrics import read_native
    from probe.cli.session import run_command

    return run_command(config, lambda settings: read_native(settings, limit=limit, **chosen))
