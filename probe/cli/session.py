"""What commands have in common: the configuration, quiet logs, a way to stop, what becomes of the result."""

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TextIO, TypeVar, cast

import typer

from probe.bootstrap.assembly import Assembly, assemble, needs_bundled_simulator
from probe.bootstrap.load import load_config
from probe.bootstrap.logs import configure_logs
from probe.catalog.prices.quote import QuoteTable
from probe.cli.output.table import print_json
from probe.config import Config

EXIT_TERMINATED = 143  # as a shell reports a program that SIGTERM ended

Result = TypeVar("Result")
_Work = Callable[[Config], Coroutine[object, object, Result]]


def show(
    config: Path | None,
    work: _Work[Result],
    text: Callable[[Result], None],
    body: Callable[[Result], object] | None = None,
    *,
    as_json: bool,
    lines: bool = False,
) -> Result:
    """Run `work` with the configuration and print its result: with `text` for people, or as JSON.

    `body` makes of the result what JSON shows; without it that is the result itself. `lines`: an item a line.
    """
    found = run_command(config, work)
    if as_json:
        print_json(found if body is None else body(found), lines=lines)
    else:
        text(found)
    return found


def run_command(config: Path | None, work: _Work[Result]) -> Result:
    """Run `work` to its end with the configuration, nothing but warnings in the log. Raises ConfigError."""
    settings = load_config(config)
    quiet_logs(settings)
    return run_to_end(work(settings))


@asynccontextmanager
async def open_session(config: Config, quotes: QuoteTable | None = None) -> AsyncIterator[Assembly]:
    """The configuration, assembled and warmed up; the bundled simulator runs if a target needs it.

    `quotes` are what sources of prices say.
    """
    async with AsyncExitStack() as stack:
        url = None
        if needs_bundled_simulator(config):
            from probe.simulator.process import SimulatorProcess

            simulator = await SimulatorProcess.start()
            stack.push_async_callback(simulator.stop)
            url = simulator.base_url
        assembly = await stack.enter_async_context(assemble(config, simulator_url=url, quotes=quotes))
        await assembly.warm_up()
        yield assembly


class _Stderr(io.TextIOBase):
    """Whatever stderr is at the moment: a progress bar puts itself there, and lines above itself."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def quiet_logs(config: Config) -> None:
    """Warnings and worse on stderr; the daily file is the daemon's."""
    quiet = config.log.model_copy(update={"level": "warning", "directory": None})
    configure_logs(quiet, cast("TextIO", _Stderr()))


def run_to_end(work: Coroutine[object, object, Result]) -> Result:
    """Run it; SIGTERM stops it as Ctrl-C does, so that what was begun is ended in the store.

    SIGINT that is ignored from the start stays so: a shell script means that for what it starts with `&`.
    """

    async def watched() -> Result:
        task = asyncio.current_task()
        assert task is not None
        terminated = False

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, terminate)
        try:
            return await work
        except asyncio.CancelledError:
            if terminated:
                raise typer.Exit(EXIT_TERMINATED) from None
            raise
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    return asyncio.run(watched())
