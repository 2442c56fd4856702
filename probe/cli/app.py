"""The commands by name, and what becomes of their errors."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.exceptions import Abort, TyperException

from probe.cli.commands import (
    config,
    daemon,
    db,
    engines,
    estimate,
    events,
    export,
    metrics,
    models,
    prices,
    providers,
    results,
    rules,
    run,
    simulate,
    targets,
    test_request,
)
from probe.cli.options import help_without_command
from probe.errors import ConfigError, ProbeError, SuiteError

EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141  # as a shell reports a program that SIGPIPE ended

_MEASURE, _LOOK, _RUN = "Measure", "Look", "Set up"

app = typer.Typer(
    name="probe",
    help="""Inference Probe: a mystery shopper for LLM inference.

    \b
    probe daemon                   probe on schedule; serve board and metrics
    probe run --suite quick        ask every target a few questions, now
    probe test-request             look closely at one request
    """,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Boxes and colours are for a terminal; a pipe gets plain text.
    rich_markup_mode="rich" if sys.stdout is not None and sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("daemon", rich_help_panel=_MEASURE)(daemon.probe_daemon)
app.command("run", rich_help_panel=_MEASURE)(run.probe_run)
app.command("test-request", rich_help_panel=_MEASURE)(test_request.probe_test_request)
app.command("estimate", rich_help_panel=_MEASURE)(estimate.probe_estimate)
app.command("targets", rich_help_panel=_LOOK)(targets.probe_targets)
app.command("results", rich_help_panel=_LOOK)(results.probe_results)
app.add_typer(engines.engines_group, name="engines", rich_help_panel=_LOOK)
app.add_typer(metrics.metrics_group, name="metrics", rich_help_panel=_LOOK)
app.add_typer(models.models_group, name="models", rich_help_panel=_LOOK)
app.command("events", rich_help_panel=_LOOK)(events.probe_events)
app.command("replay", rich_help_panel=_LOOK)(test_request.probe_replay)
app.add_typer(prices.prices_group, name="prices", rich_help_panel=_LOOK)
app.add_typer(providers.providers_group, name="providers", rich_help_panel=_LOOK)
app.add_typer(config.config_group, name="config", rich_help_panel=_RUN)
app.add_typer(db.db_group, name="db", rich_help_panel=_RUN)
app.add_typer(export.export_group, name="export", rich_help_panel=_RUN)
app.add_typer(export.influx_group, name="influx", rich_help_panel=_RUN)
app.command("rules", rich_help_panel=_RUN)(rules.probe_rules)
app.command("simulate", rich_help_panel=_RUN)(simulate.probe_simulate)


def _print_version(wanted: bool) -> None:
    if wanted:
        from probe import __version__

        typer.echo(f"probe {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    traceback: Annotated[  # noqa: ARG001  `invoke` looks for it
        bool, typer.Option("--traceback", help="Show where in the program an error arose. [PROBE_TRACEBACK]")
    ] = False,
) -> None:
    # No docstring: it would take the place of the help above.
    help_without_command(context)


def main() -> None:
    """The console entry."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit status: 1 for a failure, 2 for wrong usage or configuration."""
    try:
        status = app(args=list(arguments), prog_name="probe", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # typer makes the first into the second while a command runs
        _close_stdout()
        return EXIT_BROKEN_PIPE
    except (KeyboardInterrupt, Abort):
        return EXIT_INTERRUPTED
    except Exception as exc:  # noqa: BLE001  the border of the program: an error is a line, not a traceback
        _report(exc, arguments)
        return _status(exc)
    return status if isinstance(status, int) else 0


def _status(error: Exception) -> int:
    if isinstance(error, TyperException):
        return error.exit_code
    return EXIT_USAGE if isinstance(error, ConfigError | SuiteError) else EXIT_FAILURE


def _report(error: Exception, arguments: Sequence[str]) -> None:
    """One line for each problem on stderr; a traceback only if it was requested."""
    from probe.cli.output.table import print_error, print_traceback

    if _wants_traceback(arguments):
        print_traceback(traceback.format_exc())
    for line in _lines(error):
        print_error(line)


def _lines(error: Exception) -> Sequence[str]:
    if isinstance(error, ConfigError):
        return error.problems
    if isinstance(error, ProbeError):
        return [str(error)]
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        hint = f" (see {context.command_path} --help)" if context is not None else ""
        return [f"{error.format_message().rstrip('.')}{hint}"]
    if isinstance(error, OSError) and error.strerror:
        return [f"{error.filename}: {error.strerror}" if error.filename else error.strerror]
    return [f"unexpected {type(error).__name__}: {error}; --traceback shows where it arose"]


def _wants_traceback(arguments: Sequence[str]) -> bool:
    from probe.config import process_environment

    return "--traceback" in arguments or bool(process_environment().get("PROBE_TRACEBACK"))


def _close_stdout() -> None:
    """The reader is gone: Python must not fail again when it flushes at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
