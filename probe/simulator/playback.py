"""Plays one script on one connection: every write at its absolute planned instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.simulator.channel import Channel
from probe.simulator.outlet import Outlet
from probe.simulator.steps import Script, Step
from probe.simulator.truth import End, Record


class Playback:
    """One timer; what is late is sent at once and moves nothing that comes after it.

    `finished` is called once, with how it ended. Without a record nothing is noted.
    """

    def __init__(
        self,
        script: Script,
        outlet: Outlet,
        channel: Channel,
        *,
        start_ns: int,
        record: Record | None,
        finished: Callable[[End], None],
    ) -> None:
        self._steps = script.steps
        self._outlet = outlet
        self._channel = channel
        self._start_ns = start_ns
        self._record = record
        self._finished: Callable[[End], None] | None = finished
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._step: Step | None = None
        self._sent_ns = 0

    def start(self) -> None:
        self._step = next(self._steps)
        if self._start_ns + self._step.at_ns <= monotonic_ns():
            self._play()
        else:
            self._schedule(self._step)

    def stop(self, end: End) -> None:
        """Give up: the client has left, or the simulator stops."""
        self._finish(end)

    def _next(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self._finish("complete")
            return
        self._step = step
        self._schedule(step)

    def _schedule(self, step: Step) -> None:
        due_ns = self._start_ns + step.at_ns
        self._timer = self._loop.call_at(due_ns / NS_PER_SECOND, self._play)

    def _play(self) -> None:
        step = self._step
        assert step is not None
        if step.cut is not None:
            self._finish(step.cut)
            return
        if not step.data:
            self._next()
            return
        try:
            data = self._channel.seal(step.data)
            self._sent_ns, returned_ns = self._outlet.send(data, self._went, self._lost)
        except OSError:
            self._lost()
            return
        if returned_ns is not None:
            self._went(returned_ns)

    def _went(self, returned_ns: int) -> None:
        """The kernel has taken the whole step."""
        assert self._step is not None
        if self._record is not None:
            self._record.wrote(self._step, len(self._step.data), self._sent_ns, returned_ns)
        self._next()

    def _lost(self) -> None:
        self._finish("client_left")

    def _finish(self, end: End) -> None:
        finished, self._finished = self._finished, None
        if finished is None:
            return
        if self._timer is not None:
            self._timer.cancel()  # also where it has struck: it refers back to us
        if self._record is not None:
            self._record.ended(end, monotonic_ns())
        finished(end)
