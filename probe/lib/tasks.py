"""Work beside everything else, at most as long as the daemon lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

from probe.lib.clock import Clock

_log = structlog.get_logger("probe.lib.tasks")

_PAUSE_SECONDS = 10.0


def background(
    stack: AsyncExitStack, work: Callable[[], Coroutine[Any, Any, None]], name: str, clock: Clock
) -> None:
    """Do `work`, which has no end of its own, in a task until the stack is left.

    Where it raises all the same, that is a defect: it is logged, and the work is begun again after a pause.
    """
    _until_left(stack, asyncio.create_task(_keep_doing(work, name, clock), name=name))


def soon(stack: AsyncExitStack, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    """Do `work` once, beside what follows; broken off where the stack is left before."""
    _until_left(stack, asyncio.create_task(_do(work, name), name=name))


async def until_set(event: asyncio.Event, seconds: float, clock: Clock) -> None:
    """Returns once the event is set, or after so many seconds."""
    woken = asyncio.ensure_future(event.wait())
    slept = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
        slept.cancel()


async def finish(tasks: Collection[asyncio.Task[Any]], deadline_seconds: float) -> int:
    """Wait for these, and cancel what is left at the deadline: so many. All of them have ended afterwards."""
    if not tasks:
        return 0
    _, late = await asyncio.wait(tasks, timeout=deadline_seconds)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return len(late)


def _until_left(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)


async def _do(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001  one part's defect must not take the others with it
        _log.exception("a part of the daemon failed", part=name)


async def _keep_doing(work: Callable[[], Coroutine[Any, Any, None]], name: str, clock: Clock) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  one part's defect must not take the others with it
            _log.exception("a part of the daemon failed; it begins again", part=name)
        await clock.sleep(_PAUSE_SECONDS)
