"""APScheduler, used for one thing: to call us when an instant of a timetable has come.

Its own ways with jobs are not used. It would drop what is late or has piled up, and its shutdown cancels
running coroutines; what to do with an instant is decided in `probe.scheduling.schedule`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.base import BaseExecutor  # type: ignore[import-untyped]
from apscheduler.jobstores.memory import MemoryJobStore  # type: ignore[import-untyped]
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]

from probe.scheduling.job import Timetable

# It sleeps on the monotonic clock until a date: a step of the wall clock, or a suspended machine, would go
# unnoticed until it wakes.
_HEARTBEAT_SECONDS = 10.0


class Timer:
    """Calls `look` with a name at each planned instant, and `beat` every few seconds, on the event loop."""

    def __init__(self, look: Callable[[str], None], beat: Callable[[], None]) -> None:
        self._beat = beat
        self._heartbeat: asyncio.TimerHandle | None = None
        self._scheduler: Any = AsyncIOScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": _Caller(look)},
            job_defaults={"coalesce": False, "misfire_grace_time": None},
        )

    @property
    def running(self) -> bool:
        return bool(self._scheduler.running)

    def start(self) -> None:
        self._scheduler.start()
        self._pulse()

    def set(self, timetables: Mapping[str, Timetable], now: datetime) -> None:
        """Watch these timetables from `now` on, and no others."""
        self._scheduler.remove_all_jobs()
        for name, timetable in timetables.items():
            first = timetable.next_after(now)
            if first is not None:
                self._scheduler.add_job(_never_called, _Trigger(timetable), id=name, next_run_time=first)

    def pause(self) -> None:
        if self._scheduler.running:
            self._scheduler.pause()

    async def close(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            # It puts its end off to the next turn of the loop.
            await asyncio.sleep(0)

    def _pulse(self) -> None:
        self._heartbeat = asyncio.get_running_loop().call_later(_HEARTBEAT_SECONDS, self._pulse)
        self._beat()
        self._scheduler.wakeup()


class _Caller(BaseExecutor):  # type: ignore[misc]
    """Runs nothing itself; with it no job is ever "still running" for APScheduler."""

    def __init__(self, look: Callable[[str], None]) -> None:
        super().__init__()
        self._look = look

    def submit_job(self, job: Any, run_times: Sequence[datetime]) -> None:
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Any, _run_times: Sequence[datetime]) -> None:
        self._look(job.id)


class _Trigger(BaseTrigger):  # type: ignore[misc]
    """The next instant from now on: what passed in between is found by looking at the timetable."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime | None:
        return self._timetable.next_after(now)


def _never_called() -> None:
    """A job needs a function; `_Caller` does not call it."""
