"""`probe export …`: what exporters have had, and having it again; `probe influx …`: the bucket of one."""

from datetime import datetime
from typing import Annotated

import typer

from probe.cli.options import AsJson, ConfigFile, command_group

export_group = command_group("See what exporters have had; give it to them again.")

influx_group = command_group("Set up InfluxDB.")

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@export_group.command("status")
def probe_export_status(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Say how many results wait for each configured exporter, since when, and how many were refused.

    It is read from the database, whether a daemon runs or not. The page of metrics at /metrics is no such
    exporter: it is never behind.
    """
    from probe.cli.actions.export import print_backlogs, read_backlogs
    from probe.cli.session import show

    show(config, read_backlogs, print_backlogs, as_json=as_json, lines=True)


@export_group.command("replay")
def probe_export_replay(
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=_FORMATS, help="Results of attempts that ended then or later, UTC."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_FORMATS, help="Results from before that, UTC.")
    ] = None,
    exporter: Annotated[
        str | None,
        typer.Option("--exporter", metavar="NAME", help="Only this one; otherwise all configured."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Give stored results to exporters once more, refused ones too.

    For a sink that lost something, or has been put right. What it has already becomes the same point again.
    The daemon may run; where it has come to is not changed.

    \b
    Examples:
      probe export replay --from 2026-11-01 --to 2026-11-08
      probe export replay --exporter influxdb
    """
    from datetime import UTC

    from probe.cli.actions.export import export_again
    from probe.cli.output.table import print_line
    from probe.cli.session import run_command
    from probe.store.records import ResultFilter

    wanted = ResultFilter(
        since=None if since is None else since.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC),
    )
    for line in run_command(config, lambda settings: export_again(settings, exporter, wanted)):
        print_line(line)


@influx_group.command("init")
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
