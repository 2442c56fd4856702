"""The inside of the stopwatch process: a `LocalWire` that takes its orders from a socket.

It ends when the socket does, so it never outlives its daemon, and it heeds no signal but SIGKILL: a
terminal's Ctrl-C or a service manager's stop must not take it from a daemon that lets its attempts finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import select
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from functools import partial
from selectors import SelectorKey
from types import FrameType
from typing import TYPE_CHECKING, Any

from probe.errors import StopwatchError
from probe.wire import frames
from probe.wire.builder import CaptureBuilder
from probe.wire.capture import Capture
from probe.wire.faults import WireError
from probe.wire.local import LocalWire
from probe.wire.poller import Poller
from probe.wire.request import WireRequest


def main() -> None:
    """Serve the socket that is standard input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _allow_many_sockets()
    take_priority()
    gc.collect()
    gc.freeze()
    channel = socket.socket(fileno=0)
    if not hasattr(select, "epoll"):
        asyncio.run(serve_channel(channel))
        return
    poller = Poller()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(StreamSelector(poller))) as runner:
        runner.run(serve_channel(channel, poller))


def _allow_many_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve_channel(channel: socket.socket, poller: Poller | None = None) -> None:
    """Carry out the orders that come over `channel`, until it ends; then break off what is open.

    `poller` is what the running loop waits on, where that is so.
    """
    reader, writer = await asyncio.open_connection(sock=channel)
    wire = LocalWire(poller)
    running: dict[int, asyncio.Task[None]] = {}
    try:
        frames.write(writer, frames.Ready())
        while (payload := await frames.read(reader)) is not None:
            order = frames.orders.decode(payload)
            match order:
                case frames.Begin(number, request):
                    task = asyncio.create_task(_carry_out(wire, writer, number, request))
                    running[number] = task
                    task.add_done_callback(partial(_forget, running, number))
                case frames.Cancel(number):
                    if number in running:
                        running[number].cancel()
            # Orders that wait already would be taken without a glance at the sockets.
            await asyncio.sleep(0)
    finally:
        await wire.aclose()
        await asyncio.gather(*running.values(), return_exceptions=True)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _forget(running: dict[int, asyncio.Task[None]], number: int, _: asyncio.Task[None]) -> None:
    del running[number]


async def _carry_out(
    wire: LocalWire, writer: asyncio.StreamWriter, number: int, request: WireRequest
) -> None:
    # Nothing here holds on to the capture: while the daemon is busy, many wait, and once each is enough.
    frames.write(writer, frames.Finished(number, await _capture(wire, request)))
    # A daemon that does not read in time holds back this capture, not the exchanges of others.
    with contextlib.suppress(OSError):
        await writer.drain()


async def _capture(wire: LocalWire, request: WireRequest) -> Capture:
    """Whatever happens, there is one."""
    try:
        return await wire.exchange(request)
    except StopwatchError as exc:
        return _broken(request, WireError("cancelled", str(exc)))
    except Exception as exc:  # noqa: BLE001  one exchange that breaks us must not take the others along
        # The frames alone: a message might quote what it broke on.
        traceback.print_tb(exc.__traceback__)
        return _broken(request, WireError("probe", f"{type(exc).__name__} in the stopwatch"))


def _broken(request: WireRequest, error: WireError) -> Capture:
    builder = CaptureBuilder(request)
    builder.fail(error)
    return builder.capture()


# Running before everything else on the machine, where that is allowed.


_LONGEST_RUN_US = 5_000_000


def take_priority(longest_run_us: int = _LONGEST_RUN_US) -> None:
    """Have the system wake this thread within microseconds, beside whatever else is busy (SCHED_RR).

    Allowed to root, with CAP_SYS_NICE, and within RLIMIT_RTPRIO; nothing changes elsewhere. Threads and
    processes started from here on run like any other. After `longest_run_us` of processor time without once
    waiting, precedence is given up for good: a mistake of ours must not take the machine away from others.
    """
    if sys.platform != "linux":
        return
    signal.signal(signal.SIGXCPU, _give_way)
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
        resource.setrlimit(resource.RLIMIT_RTTIME, (longest_run_us, hard))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _give_way(_number: int, _frame: FrameType | None) -> None:
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


# An event loop's selector with a fast lane for streams.


if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class StreamSelector(selectors.BaseSelector):
    """Linux only. The poller must have epoll and not be attached to a loop; it is closed with this."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._others = selectors.EpollSelector()
        poller.watch_other(self._others.fileno())

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> SelectorKey:
        return self._others.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> SelectorKey:
        return self._others.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> SelectorKey:
        return self._others.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """What is ready of the loop's own; nothing, where it is a stream that needs the loop."""
        if self._poller.wait(None if timeout is None else max(0.0, timeout)):
            return self._others.select(0)
        return []

    def get_map(self) -> Mapping[FileDescriptorLike, SelectorKey]:
        return self._others.get_map()

    def close(self) -> None:
        self._others.close()
        self._poller.close()
