"""What is open as long as the daemon lives, opened at its start and closed by a stack at its end."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog

from probe.api.server import bind
from probe.bootstrap.assembly import needs_bundled_simulator
from probe.bootstrap.logs import configure_logs
from probe.catalog.prices.quote import QuoteTable
from probe.config import Config, process_environment
from probe.config.results import LogConfig
from probe.daemon.simulator import BundledSimulator
from probe.errors import ConfigError
from probe.lib.clock import Clock
from probe.limits.gate import Gates
from probe.store.store import Store
from probe.wire.process import StopwatchProcess

_log = structlog.get_logger("probe.daemon.resources")

_STORE_CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """`sockets` listen at the address of the pages; connections wait there until then."""

    clock: Clock
    gates: Gates
    sockets: Sequence[socket.socket]
    simulator: BundledSimulator
    stopwatch: StopwatchProcess
    store: Store
    quotes: QuoteTable = field(default_factory=QuoteTable)


async def open_resources(stack: AsyncExitStack, config: Config, clock: Clock) -> Resources:
    """Raises ProbeError; what is open by then is closed by the stack."""
    # First of all: who starts a second daemon by mistake learns it here, before that does anything.
    sockets = await bind(config.server.host, config.server.port)
    for listener in sockets:
        stack.callback(listener.close)
    simulator = BundledSimulator()
    stack.push_async_callback(simulator.aclose)

    async def stopwatch() -> StopwatchProcess:
        started = await StopwatchProcess.start(process_environment())
        stack.push_async_callback(started.aclose)
        return started

    async def simulate() -> None:
        if needs_bundled_simulator(config):
            await simulator.start()

    # At once, as each takes its time to come up; all are waited for, so that the stack knows of everything
    # that was opened when one fails.
    results = await asyncio.gather(
        stopwatch(), _keep_store(stack, config, clock), simulate(), return_exceptions=True
    )
    started, opened, simulated = results
    for result in (started, opened, simulated):
        if isinstance(result, BaseException):
            raise result
    assert isinstance(started, StopwatchProcess)
    assert isinstance(opened, Store)
    return Resources(
        clock=clock, gates=Gates(clock), sockets=sockets, simulator=simulator, stopwatch=started, store=opened
    )


async def _keep_store(stack: AsyncExitStack, config: Config, clock: Clock) -> Store:
    """Open it, and have the stack close it; if this is cancelled meanwhile, it is closed at once."""
    opening = asyncio.create_task(open_store(config, clock))
    try:
        opened = await asyncio.shield(opening)
    except asyncio.CancelledError:
        await _close_once_open(opening)
        raise
    stack.push_async_callback(_close_store, opened)
    return opened


async def open_store(config: Config, clock: Clock) -> Store:
    """Raises StoreError."""
    store = await Store.open(
        config.database.url.get_secret_value(),
        keep_responses=config.database.keep_responses,
        owner=f"{config.location}@{socket.gethostname()}",
        clock=clock,
    )
    try:
        await store.facts()
    except BaseException:
        await store.aclose()
        raise
    return store


def set_up_logs(config: LogConfig) -> None:
    """Raises ConfigError, with nothing changed."""
    try:
        configure_logs(config)
    except OSError as exc:
        raise ConfigError(f"log.directory: {config.directory}: {exc.strerror}") from exc


async def _close_once_open(opening: asyncio.Task[Store]) -> None:
    """SQLAlchemy leaves a connection open that is cancelled while it is set up, so it may come up first."""
    await asyncio.wait([opening], timeout=_STORE_CLOSING_SECONDS)
    if not opening.done():
        opening.cancel()
        await asyncio.wait([opening])
    if not opening.cancelled() and opening.exception() is None:
        await _close_store(opening.result())


async def _close_store(store: Store) -> None:
    """A server that hangs must not keep the daemon: what it was to store is in the spill file by now."""
    try:
        async with asyncio.timeout(_STORE_CLOSING_SECONDS):
            await store.aclose()
    except TimeoutError:
        _log.error("the database does not answer, its connections are left behind")
