"""The stopwatch in this process."""

import asyncio

from probe.errors import StopwatchError
from probe.lib import gc_pause as pause
from probe.lib.clock import monotonic_ns
from probe.wire.call import Call
from probe.wire.capture import Capture
from probe.wire.faults import WireError
from probe.wire.lag import LoopLag
from probe.wire.message import check
from probe.wire.poller import TICK_NS, Poller
from probe.wire.pool import Pool
from probe.wire.request import WireRequest
from probe.wire.stamps import StampKeeper
from probe.wire.tls import Contexts


class LocalWire:
    """A `Wire` over sockets of this process; made, used and closed inside one running event loop.

    `poller` is given where the loop waits on it already; it stays open then.
    """

    def __init__(self, poller: Poller | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._keeper = StampKeeper()
        self._owns_poller = poller is None
        if poller is None:
            poller = Poller()
            poller.attach(loop)
        self._poller = poller
        self._pool = Pool(self._poller)
        # Where the loop waits on the poller, that looks at the clock by itself.
        self._lag = LoopLag(loop, self._poller.look, *((TICK_NS,) if self._owns_poller else ()))
        self._contexts = Contexts()
        self._open: set[Call] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    async def exchange(self, request: WireRequest, /) -> Capture:
        """See `Wire`.

        Raises StopwatchError once closed, ValueError for a request that HTTP/1.1 cannot carry.
        """
        if self._closed:
            raise StopwatchError("the stopwatch is closed")
        check(request)
        await self._keeper.settle()
        # Many calls may begin or end in one round of the loop: streams are looked after in between.
        self._poller.look()
        call = Call(request, self._poller, self._pool, self._contexts)
        self._enter(call)
        try:
            await call.carry_out()
        finally:
            self._leave(call)
        self._poller.look()
        return call.builder.capture()

    def _enter(self, call: Call) -> None:
        self._open.add(call)
        self._idle.clear()
        self._poller.enter()
        self._lag.enter()
        pause.enter()

    def _leave(self, call: Call) -> None:
        pause.leave()
        builder = call.builder
        builder.lag_ns = max(builder.lag_ns, self._lag.worst_since(builder.started_ns))
        builder.stalls = self._poller.stalls_between(builder.started_ns, builder.ended_ns or monotonic_ns())
        self._lag.leave()
        self._poller.leave()
        self._open.discard(call)
        if not self._open:
            self._idle.set()

    async def aclose(self) -> None:
        """Break off what is open, as "cancelled", and close what is kept. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._poller.look()  # what has arrived by now is theirs
        for call in tuple(self._open):
            call.abort(WireError("cancelled", "the probe was told to stop"))
        await self._idle.wait()
        self._pool.close()
        if self._owns_poller:
            self._poller.close()
        self._keeper.close()
