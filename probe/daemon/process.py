"""The daemon as a process: until it is told to stop; signals."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from probe.config import Config
from probe.daemon.daemon import Daemon, Ready
from probe.errors import ProbeError

_log = structlog.get_logger("probe.daemon.process")


class Told:
    """What signals have told the process so far."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.reload = asyncio.Event()

    def end(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


async def serve(load: Callable[[], Config], on_ready: Callable[[Ready], None]) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. A second signal waits for nothing.

    Raises ProbeError, one clear line, where the daemon cannot start.
    """
    told = Told()
    started = asyncio.Event()
    with _listening(told):
        life = asyncio.create_task(_live(load, on_ready, told, started), name="daemon")
        try:
            await _first(told.stop.wait(), asyncio.wait([life]))
        finally:
            told.stop.set()
            # Before it is up there is nothing to finish; afterwards it ends by itself.
            if not started.is_set():
                life.cancel()
            await asyncio.wait([life])
    if not life.cancelled():
        life.result()
    _log.info("stopped")


async def _live(
    load: Callable[[], Config], on_ready: Callable[[Ready], None], told: Told, started: asyncio.Event
) -> None:
    async with Daemon.start(load, hurry=told.hurry) as daemon:
        started.set()
        # What stands by now stays: the collector would look through all of it each time.
        gc.collect()
        gc.freeze()
        on_ready(daemon.ready)
        await _first(told.stop.wait(), daemon.wait(), _reload_when_told(told, daemon))


async def _reload_when_told(told: Told, daemon: Daemon) -> None:
    while True:
        await told.reload.wait()
        told.reload.clear()
        with suppress(ProbeError):  # it was logged, and the status says it
            await daemon.control.reload()


@contextmanager
def _listening(told: Told) -> Iterator[None]:
    """They are heard from before the start until after the end; none of them ends the process by itself."""
    loop = asyncio.get_running_loop()
    meanings = {
        signal.SIGTERM: told.end,
        signal.SIGINT: told.end,
        signal.SIGHUP: told.reload.set,
    }
    for number, meaning in meanings.items():
        loop.add_signal_handler(number, meaning)
    try:
        yield
    finally:
        for number in meanings:
            loop.remove_signal_handler(number)


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of them is over; raises what it raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
