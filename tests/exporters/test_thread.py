"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from exporters.thread import in_thread


async def test_what_it_gives_and_what_it_raises() -> None:
    name = await in_thread(lambda: threading.current_thread().name, "sink")
    assert name == "sink"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0, "sink")


async def test_a_result_that_nobody_waits_for_any_more_is_dropped() -> None:
    troubles: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
    leave = threading.Event()
    task = asyncio.create_task(in_thread(lambda: leave.wait(10), "dropped"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    leave.set()
    await asyncio.to_thread(_end, "dropped")
    assert troubles == []


def test_a_result_that_comes_after_the_loop_is_dropped() -> None:
    """Where the thread failed, pytest would say so."""
    leave = threading.Event()

    async def main() -> None:
        task = asyncio.create_task(in_thread(lambda: leave.wait(10), "late"))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(main())
    assert _threads("late")
    leave.set()
    _end("late")


def _threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def _end(name: str) -> None:
    for thread in _threads(name):
        thread.join(10)


ENDING = """
import asyncio, threading
from exporters.thread import in_thread

async def main():
    task = asyncio.create_task(in_thread(lambda: threading.Event().wait(60), "sink"))
    await asyncio.sleep(0)
    task.cancel()

asyncio.run(main())
"""


def test_the_end_of_a_process_does_not_wait_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
