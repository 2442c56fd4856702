"""The daemon as a process: until it is told to stop; signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from probe.config import Config
from probe.daemon import Daemon, Ready
from probe.errors import ProbeError

_log = structlog.get_logger("probe.serve")


async def serve(load: Callable[[], Config], on_ready: Callable[[Ready], None]) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. A second signal waits for nothing.

    Raises ProbeError, one clear line, where the daemon cannot start.
    """
    stop = asyncio.Event()
    hurry = asyncio.Event()

    def told() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    async with Daemon.start(load) as daemon, _on_hangup(daemon):
        on_ready(daemon.ready)
        await _first(stop.wait(), daemon.wait())
        hurrying = asyncio.create_task(_give_up_when(hurry, daemon))
    hurrying.cancel()
    _log.info("stopped")


@asynccontextmanager
async def _on_hangup(daemon: Daemon) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        with suppress(ProbeError):  # it was logged, and the status says it
            await daemon.reload()

    def hangup() -> None:
        task = asyncio.create_task(reload(), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, hangup)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        if reloads:
            await asyncio.wait(reloads)


async def _give_up_when(hurry: asyncio.Event, daemon: Daemon) -> None:
    await hurry.wait()
    await daemon.give_up()


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of them is over; raises what it raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.wait(tasks)
    for task in done:
        task.result()
