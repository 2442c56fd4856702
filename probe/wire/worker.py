"""The inside of the stopwatch process: a `LocalWire` that takes its orders from a socket.

It ends when the socket does, so it never outlives its daemon, and it heeds no signal but SIGKILL: a
terminal's Ctrl-C or a service manager's stop must not take it from a daemon that lets its attempts finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import select
import signal
import socket
import traceback
from functools import partial

from probe.errors import StopwatchError
from probe.wire import frames
from probe.wire.capture import Capture
from probe.wire.faults import WireError
from probe.wire.local import LocalWire
from probe.wire.notes import Notes
from probe.wire.poller import Poller
from probe.wire.precedence import take_precedence
from probe.wire.request import WireRequest
from probe.wire.selector import StreamSelector


def main() -> None:
    """Serve the socket that is standard input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _allow_many_sockets()
    take_precedence()
    gc.collect()
    gc.freeze()
    channel = socket.socket(fileno=0)
    if not hasattr(select, "epoll"):
        asyncio.run(serve(channel))
        return
    poller = Poller()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(StreamSelector(poller))) as runner:
        runner.run(serve(channel, poller))


def _allow_many_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(channel: socket.socket, poller: Poller | None = None) -> None:
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
    notes = Notes(request)
    notes.fail(error)
    return notes.capture()
