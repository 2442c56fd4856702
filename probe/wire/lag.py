"""How late the event loop runs: the stopwatch's own part in what it measures."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from operator import itemgetter

from probe.lib.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns

_TICK_NS = 20 * NS_PER_MS

# epoll waits whole milliseconds: a timer that goes off this late is on time.
_GRANULARITY_NS = NS_PER_MS

_instant_ns = itemgetter(0)


class LoopLag:
    """A timer that compares when it goes off with when it should, while anybody is interested.

    Blocks shorter than the tick are seen only when they fall on one. `look` is called at each tick.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, look: Callable[[], None], tick_ns: int = _TICK_NS
    ) -> None:
        self._loop = loop
        self._look = look
        self._tick_ns = tick_ns
        self._interested = 0
        self._due_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        # (instant, lag): instants ascend, lags descend; the first at or after an instant is the worst since.
        self._worst: list[tuple[int, int]] = []

    def enter(self) -> None:
        self._interested += 1
        if self._interested == 1:
            self._worst.clear()
            self._set()

    def leave(self) -> None:
        self._interested -= 1
        if not self._interested and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def worst_since(self, since_ns: int) -> int:
        """The longest delay seen at or after an instant, up to now; 0 where none was."""
        overdue = max(0, monotonic_ns() - self._due_ns - _GRANULARITY_NS)
        first = bisect_left(self._worst, since_ns, key=_instant_ns)
        return max(overdue, self._worst[first][1] if first < len(self._worst) else 0)

    def _set(self) -> None:
        self._due_ns = monotonic_ns() + self._tick_ns
        self._timer = self._loop.call_at(self._due_ns / NS_PER_SECOND, self._tick)

    def _tick(self) -> None:
        now_ns = monotonic_ns()
        lag_ns = max(0, now_ns - self._due_ns - _GRANULARITY_NS)
        while self._worst and self._worst[-1][1] <= lag_ns:
            self._worst.pop()
        self._worst.append((now_ns, lag_ns))
        self._look()
        self._set()
