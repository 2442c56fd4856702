"""Work beside everything else: what goes on as long as the daemon lives, and what nobody waits for."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import Any, NoReturn

import structlog

from probe.errors import StoreError
from probe.lib.clock import Clock

_log = structlog.get_logger("probe.lib.tasks")

_RESTART_SECONDS = 10.0

Work = Callable[[], Coroutine[Any, Any, None]]


def background(stack: AsyncExitStack, work: Work, name: str, clock: Clock) -> None:
    """Do `work`, which has no end of its own, in a task until the stack is left.

    If it raises all the same, that is a defect: it is logged, and the work is begun again after a pause.
    """
    _until_left(stack, asyncio.create_task(_keep_doing(work, name, clock), name=name))


def soon(stack: AsyncExitStack, work: Work, name: str) -> None:
    """Do `work` once, beside what follows; it is cancelled if the stack is left before its end."""
    _until_left(stack, asyncio.create_task(_do(work, name), name=name))


async def periodically(
    step: Callable[[], Awaitable[object]],
    seconds: float,
    clock: Clock,
    *,
    log_error: Callable[..., object] | None = None,
    wake: asyncio.Event | None = None,
    retry_seconds: float | None = None,
) -> NoReturn:
    """Do `step` now, whenever `wake` is set, and so many seconds after it was done last, until cancelled.

    If `wake` is set during a step, another follows at once. A StoreError goes to `log_error(error=...)`, if
    given, and the step is repeated after `retry_seconds`, if given; every other exception is raised.
    """
    wake = wake or asyncio.Event()
    while True:
        wake.clear()
        pause_seconds = seconds
        try:
            await step()
        except StoreError as exc:
            if log_error is None:
                raise
            log_error(error=str(exc))
            pause_seconds = seconds if retry_seconds is None else retry_seconds
        await until_set(wake, pause_seconds, clock)


async def until_set(event: asyncio.Event, seconds: float, clock: Clock) -> None:
    """Returns once the event is set, or after so many seconds."""
    woken = asyncio.ensure_future(event.wait())
    slept = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
        slept.cancel()


class DetachedTasks:
    """Tasks that nobody waits for before `finish`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        work: Work,
        name: str,
        *,
        holding: ExitStack | None = None,
        log_error: Callable[..., object] | None = None,
    ) -> None:
        """Do `work` in a task; `holding` is closed at its end, even if it is cancelled before its first step.

        An exception is a defect and goes to `log_error(exc_info=...)`.
        """
        task = asyncio.create_task(work(), name=name)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if holding is not None:
                holding.close()
            if not task.cancelled() and (error := task.exception()) is not None:
                (log_error or partial(_log.error, "a task failed", task=name))(exc_info=error)

        task.add_done_callback(ended)

    async def finish(self, deadline_seconds: float) -> int:
        """Wait for them, and cancel those left at the deadline. All have ended afterwards.

        Returns how many had to be cancelled. If this is cancelled itself, so are they, at once.
        """
        tasks = set(self._tasks)
        if not tasks:
            return 0
        try:
            _, late = await asyncio.wait(tasks, timeout=deadline_seconds)
        except asyncio.CancelledError:
            await _end(tasks)
            raise
        await _end(late)
        return len(late)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _until_left(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    stack.push_async_callback(_end, {task})


async def _do(work: Work, name: str) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001  one part's defect must not take the others with it
        _log.exception("a part of the daemon failed", part=name)


async def _keep_doing(work: Work, name: str, clock: Clock) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  one part's defect must not take the others with it
            _log.exception("a part of the daemon failed; it begins again", part=name)
        await clock.sleep(_RESTART_SECONDS)
