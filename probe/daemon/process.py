"""The daemon as a process: it runs until a signal stops it."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from probe.config import Config
from probe.daemon.daemon import Daemon, StartupReport
from probe.errors import ProbeError

_log = structlog.get_logger("probe.daemon.process")


class Signals:
    """What the process has been signalled so far."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.force_stop = asyncio.Event()
        self.reload = asyncio.Event()

    def on_stop(self) -> None:
        (self.force_stop if self.stop.is_set() else self.stop).set()


async def run_daemon(load: Callable[[], Config], on_ready: Callable[[StartupReport], None]) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. A second signal waits for nothing.

    Raises ProbeError, one clear line, if the daemon cannot start.
    """
    signals = Signals()
    started = asyncio.Event()
    with _signal_handlers(signals):
        life = asyncio.create_task(_live(load, on_ready, signals, started), name="daemon")
        try:
            await _first(signals.stop.wait(), asyncio.wait([life]))
        finally:
            signals.stop.set()
            # Before it is up there is nothing to finish; afterwards it ends by itself.
            if not started.is_set():
                life.cancel()
            await asyncio.wait([life])
    if not life.cancelled():
        life.result()
    _log.info("stopped")


async def _live(
    load: Callable[[], Config],
    on_ready: Callable[[StartupReport], None],
    signals: Signals,
    started: asyncio.Event,
) -> None:
    async with Daemon.start(load, force_stop=signals.force_stop) as daemon:
        started.set()
        # What stands by now stays: the collector would look through all of it each time.
        gc.collect()
        gc.freeze()
        on_ready(daemon.ready)
        await _first(signals.stop.wait(), daemon.wait(), _reload_on_signal(signals, daemon))


async def _reload_on_signal(signals: Signals, daemon: Daemon) -> None:
    while True:
        await signals.reload.wait()
        signals.reload.clear()
        with suppress(ProbeError):  # it was logged, and the status says it
            await daemon.control.reload()


@contextmanager
def _signal_handlers(signals: Signals) -> Iterator[None]:
    """In place from before the start until after the end; no signal ends the process by itself."""
    loop = asyncio.get_running_loop()
    handlers = {
        signal.SIGTERM: signals.on_stop,
        signal.SIGINT: signals.on_stop,
        signal.SIGHUP: signals.reload.set,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
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
