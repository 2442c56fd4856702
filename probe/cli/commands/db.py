"""`probe db …`: the database, looked after."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from probe.cli.options import ConfigFile, command_group

db_group = command_group("Look after the database.")


@db_group.command("upgrade")
def probe_db_upgrade(config: ConfigFile = None) -> None:
    """Create the tables, or bring them up to date.

    The daemon does so by itself when it starts.
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line
    from probe.cli.session import run_to_end
    from probe.store.migrate import upgrade_database
    from probe.store.url import parse_url

    url = parse_url(load_config(config).database.url.get_secret_value())
    changed = run_to_end(upgrade_database(url))
    print_line(f"{url.shown}: {'upgraded' if changed else 'up to date'}")


@db_group.command("prune")
def probe_db_prune(config: ConfigFile = None) -> None:
    """Delete what is older than database.retention says.

    The daemon does so by itself when it starts and every six hours.
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line, print_note
    from probe.cli.session import run_to_end
    from probe.config import Config
    from probe.store.retention import PruneReport
    from probe.store.store import Store

    async def work(settings: Config) -> PruneReport:
        async with await Store.open(settings.database.url.get_secret_value()) as store:
            return await store.retention.prune(settings.database.retention, settings.exporters.enabled())

    gone = run_to_end(work(load_config(config)))
    counts = asdict(gone)
    undelivered = counts.pop("undelivered")
    print_line("deleted " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if undelivered:
        print_note(f"{undelivered} of them were never delivered to an exporter that waits for them")


@db_group.command("backup")
def probe_db_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
    config: ConfigFile = None,
) -> None:
    """Write the database to a file.

    The copy is consistent, also while the daemon runs.

    \b
    Examples:
      probe db backup probe-$(date +%F).backup
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line
    from probe.cli.session import run_to_end
    from probe.store.backup import write_backup

    run_to_end(write_backup(load_config(config).database.url.get_secret_value(), file))
    print_line(f"{file}: {file.stat().st_size:,} bytes")


@db_group.command("restore")
def probe_db_restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `probe db backup`.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what the database holds.")] = False,
    config: ConfigFile = None,
) -> None:
    """Read the database back from a file.

    Stop the daemon first. All of it is restored, or nothing. A database that is not empty is kept
    unless --force is given.
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line
    from probe.cli.session import run_to_end
    from probe.store.backup import restore_backup

    run_to_end(restore_backup(load_config(config).database.url.get_secret_value(), file, force=force))
    print_line(f"restored {file}")


@db_group.command("load")
def probe_db_load(config: ConfigFile = None) -> None:
    """Try once more to store what the database refused.

    The daemon keeps it in a file beside the database, *.spill.jsonl.rejected. What is stored leaves
    the file; a run that this database does not know is added to it.
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_line, print_note
    from probe.cli.session import run_to_end
    from probe.errors import StoreError
    from probe.store.spill import Restored, SpillFile, spill_path
    from probe.store.store import Store

    url = load_config(config).database.url.get_secret_value()
    file = SpillFile(spill_path(url))

    async def work() -> Restored:
        async with await Store.open(url) as store:
            try:
                return await file.load_rejected(store.load)
            except OSError as exc:
                raise StoreError(f"{file.rejected_path} cannot be read or written: {exc.strerror}") from exc

    if not file.rejected_path.exists():
        print_line(f"{file.rejected_path}: nothing was refused")
        return
    loaded = run_to_end(work())
    print_line(f"stored {loaded.stored} results")
    if loaded.rejected:
        print_note(f"{loaded.rejected} are refused again; they stay in {file.rejected_path}")
