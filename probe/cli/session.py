"""What commands that send requests have in common: an assembled configuration, quiet logs, a way to stop."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TextIO, TypeVar, cast

import typer

from probe.bootstrap.assembly import Assembly, assemble, needs_bundled_simulator
from probe.bootstrap.logs import configure_logs
from probe.catalog.prices.quote import QuoteTable
from probe.config import Config

EXIT_TERMINATED = 143  # as a shell reports a program that SIGTERM ended

Result = TypeVar("Result")


@asynccontextmanager
async def workbench(config: Config, quotes: QuoteTable | None = None) -> AsyncIterator[Assembly]:
    """The configuration, assembled and warmed up; the bundled simulator runs where it is needed.

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
