"""The parts that live as long as the daemon, opened at its start and closed by a stack at its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from probe.assembly import needs_bundled_simulator
from probe.bundled import BundledSimulator
from probe.clock import Clock
from probe.config import Config, process_environment
from probe.store import Store
from probe.wire.process import StopwatchProcess

_log = structlog.get_logger("probe.parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    stopwatch: StopwatchProcess
    store: Store
    simulator: BundledSimulator


async def open_parts(stack: AsyncExitStack, config: Config, clock: Clock) -> Parts:
    """All at once, as each takes its time to come up. Raises ProbeError."""
    simulator = BundledSimulator()
    stack.push_async_callback(simulator.aclose)

    async def stopwatch() -> StopwatchProcess:
        started = await StopwatchProcess.start(process_environment())
        stack.push_async_callback(started.aclose)
        return started

    async def store() -> Store:
        opened = await Store.open(
            config.database.url.get_secret_value(),
            keep_responses=config.database.keep_responses,
            owner=f"{config.location}@{socket.gethostname()}",
            clock=clock,
        )
        stack.push_async_callback(opened.aclose)
        return opened

    async def simulate() -> None:
        if needs_bundled_simulator(config):
            await simulator.start()

    # All are waited for, so that the stack knows of everything that was opened when one fails.
    results = await asyncio.gather(stopwatch(), store(), simulate(), return_exceptions=True)
    started, opened, simulated = results
    for result in (started, opened, simulated):
        if isinstance(result, BaseException):
            raise result
    assert isinstance(started, StopwatchProcess)
    assert isinstance(opened, Store)
    return Parts(stopwatch=started, store=opened, simulator=simulator)


def background(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """A task that ends with the stack; what ends it before is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_defect)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


def _log_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a part of the daemon ended", part=task.get_name(), exc_info=error)
