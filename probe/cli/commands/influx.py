"""`probe influx …`: the bucket that results are written to."""

from __future__ import annotations

from typing import Annotated

import typer

from probe.cli.options import ConfigFile, help_without_command

app = typer.Typer(help="Set up InfluxDB.", callback=help_without_command, invoke_without_command=True)


@app.command("init")
def probe_influx_init(
    days: Annotated[
        int, typer.Option("--days", min=0, help="Days to keep points; 0 keeps them for ever.")
    ] = 400,
    config: ConfigFile = None,
) -> None:
    """Create the bucket of exporters.influxdb, and say how long it keeps points.

    Where the bucket is there, only its retention is changed. The token must be allowed to do so; the daemon
    needs no more than one that may write. For InfluxDB 2; others keep what their own settings say.

    \b
    Examples:
      probe influx init
      probe influx init --days 1000
    """
    from probe.bootstrap.load import load_config
    from probe.cli.actions.export import prepare_sink
    from probe.cli.output.table import print_line
    from probe.cli.session import run_to_end
    from probe.errors import ConfigError

    settings = load_config(config).exporters.enabled().get("influxdb")
    if settings is None:
        raise ConfigError("exporters.influxdb is missing: say where InfluxDB is")
    print_line(run_to_end(prepare_sink("influxdb", settings, days or None)))
