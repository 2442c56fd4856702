"""`probe rules`: recording rules and alerts for the configuration."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from probe.cli.options import ConfigFile

_Format = Literal["prometheus", "grafana", "alertmanager"]


def probe_rules(
    config: ConfigFile = None,
    output_format: Annotated[
        _Format, typer.Option("--format", metavar="FORMAT", help="One of these.")
    ] = "prometheus",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write files there; otherwise print them."),
    ] = None,
) -> None:
    """Write alert rules that fit the configuration.

    Windows follow how often each target is asked, bounds the objectives of slo. Write them anew, and reload
    Prometheus, when jobs or objectives change.

    \b
    prometheus    recording rules and alerts, a file for each group
    grafana       the same alerts for Grafana itself, without recorded series
    alertmanager  routes, inhibition and receivers, by rules.receivers

    \b
    Examples:
      probe rules --out /etc/prometheus/rules
      probe rules --format alertmanager --out /etc/alertmanager
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line
    from probe.rules.files import as_one, files_for

    settings = load_config(config)
    if out is None:
        print_line(as_one(settings, output_format).rstrip())
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files_for(settings, output_format).items():
        (out / name).write_text(text, encoding="utf-8")
        print_line(str(out / name))
