"""Waiting for many sockets at once, cheaply, and knowing when they were last looked at."""

import asyncio
import select
from collections.abc import Callable
from itertools import chain, takewhile

from probe.lib.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from probe.wire.stalls import SHORTEST_STALL_NS, Stall, at_most, stalled_ns

# True: the event loop has something to do now, a future or a timer to look at.
Callback = Callable[[], bool]

_EVENTS_AT_ONCE = 256
_LOOKS_AT_ONCE = 8

# How often a look is made while stalls matter.
TICK_NS = NS_PER_MS
_TICK = TICK_NS / NS_PER_SECOND

# So many looks in a row, each so soon after the one before, are clock enough: to set a timer of a millisecond
# for each of them would cost half as much as reading what comes.
_MANY_LOOKS, _QUICK_NS = 16, NS_PER_MS

# More are merged with their neighbours: nothing is lost but how finely they can be told apart.
_MOST_STALLS = 4096
_MOST_STALLS_OF_ONE = 128
# The shortest stall that a deadline is given back.
_HELD_UP_NS = NS_PER_SECOND // 2


class Poller:
    """Calls back for each socket that has something to read, until it is removed.

    It stands behind a single reader of an event loop (`attach`), or is itself what the loop waits on (see
    `probe.wire.worker`); either spares each piece of a stream the loop's own machinery. Without epoll,
    every socket is a reader of the loop it is attached to.

    `looked_ns` is the instant of the last look before the present one: what is read now was not readable
    then. It is 0 while that is not known. While anybody is interested (`enter`, `leave`), `wait` looks
    every millisecond, and what keeps it from doing so is kept as a stall.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._callbacks: dict[int, Callback] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._other_fd = -1
        self._interested = 0
        self._awake_ns = 0
        self._quick_looks = 0
        self._stalls: list[Stall] = []
        self.looked_ns = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop look whenever something is readable."""
        self._loop = loop
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self.look)

    def watch_other(self, fd: int) -> None:
        """Have `wait` return when `fd` is readable, too; nobody is called back for it."""
        assert self._epoll is not None
        self._other_fd = fd
        self._epoll.register(fd, select.EPOLLIN)

    def enter(self) -> None:
        """An exchange begins: stalls matter from now on."""
        if not self._interested:
            self._stalls.clear()
            self._awake_ns = monotonic_ns()
        self._interested += 1

    def leave(self) -> None:
        self._interested -= 1

    def stalls_between(self, start_ns: int, end_ns: int) -> tuple[Stall, ...]:
        """The stalls that overlap a span of time, the present one included, in order."""
        now_ns = monotonic_ns()
        present = [Stall(self._awake_ns, now_ns)] if now_ns - self._awake_ns > SHORTEST_STALL_NS else []
        later = takewhile(lambda stall: stall.end_ns > start_ns, chain(present, reversed(self._stalls)))
        stalls = [stall for stall in later if stall.start_ns < end_ns]
        return tuple(at_most(_MOST_STALLS_OF_ONE, stalls[::-1]))

    def held_up_ns(self, start_ns: int, end_ns: int) -> int:
        """How much of a span no deadline counts.

        Short stalls it does: on a starved machine there is hardly anything between them, and no deadline
        would ever strike; what there was to be done was done meanwhile.
        """
        stalls = chain((Stall(self._awake_ns, monotonic_ns()),), reversed(self._stalls))
        later = takewhile(lambda stall: stall.end_ns > start_ns, stalls)
        return stalled_ns(
            (each for each in later if each.end_ns - each.start_ns >= _HELD_UP_NS), start_ns, end_ns
        )

    def stalled_over(self, earlier_ns: int, later_ns: int) -> bool:
        """One stall holds both instants: which of them came first cannot be told."""
        return any(start_ns <= earlier_ns and later_ns <= end_ns for start_ns, end_ns in self._stalls)

    def _look_again(self, now_ns: int) -> bool:
        """The last look is a while ago: note a stall. True if there was one until now."""
        self._quick_looks = 0
        if now_ns - self._awake_ns <= SHORTEST_STALL_NS or not self._interested:
            return False
        self._stalls.append(Stall(self._awake_ns, now_ns))
        if len(self._stalls) > _MOST_STALLS:
            self._stalls = at_most(_MOST_STALLS // 2, self._stalls)
        return True

    def add(self, fd: int, callback: Callback) -> None:
        self._callbacks[fd] = callback
        if self._epoll is not None:
            self._epoll.register(fd, select.EPOLLIN)
        elif self._loop is not None:
            self._loop.add_reader(fd, callback)

    def remove(self, fd: int) -> None:
        """Before the socket is closed. Nothing happens where it is not there."""
        if self._callbacks.pop(fd, None) is None:
            return
        if self._epoll is not None:
            self._epoll.unregister(fd)
        elif self._loop is not None:
            self._loop.remove_reader(fd)

    def look(self) -> None:
        """Call back for what is readable now. What arrives meanwhile is taken in, too, some times over."""
        for _ in range(_LOOKS_AT_ONCE):
            if not self._serve(0)[0]:
                break

    def wait(self, timeout: float | None) -> bool:
        """Wait that long for anything to be readable, for ever with None, and call back for it.

        Returns early as soon as there is something for the event loop to do. True where the fd of
        `watch_other` is readable.
        """
        until_ns = None if timeout is None else monotonic_ns() + int(timeout * NS_PER_SECOND)
        while True:
            nap = timeout
            if self._interested and self._quick_looks <= _MANY_LOOKS and (timeout is None or timeout > _TICK):
                nap = _TICK
            ready, wanted, now_ns = self._serve(nap)
            if wanted:
                return any(fd == self._other_fd for fd, _ in ready)
            if until_ns is not None:
                if now_ns >= until_ns:
                    return False
                timeout = (until_ns - now_ns) / NS_PER_SECOND

    def _serve(self, timeout: float | None) -> tuple[list[tuple[int, int]], bool, int]:
        """What was readable, whether the loop has something to do for it, and when the wait was over."""
        epoll = self._epoll
        ready = [] if epoll is None else epoll.poll(timeout, _EVENTS_AT_ONCE)
        now_ns = monotonic_ns()
        stalled = False
        if now_ns - self._awake_ns < _QUICK_NS:
            self._quick_looks += 1
        else:
            stalled = self._look_again(now_ns)
        self._awake_ns = now_ns
        if stalled and epoll is not None:
            # More may be readable by now; and interrupted by a signal beyond its timeout, as by SIGCONT,
            # Python's poll returns without a look.
            ready = epoll.poll(0, _EVENTS_AT_ONCE)
        wanted = False
        callbacks = self._callbacks
        for fd, _ in ready:
            callback = callbacks.get(fd)
            if callback is None:
                # Removed by a callback before it, or somebody else's.
                wanted = True
            elif callback():
                wanted = True
        if stalled:
            # What is read here may have been merged with what came during the stall.
            self._stalls[-1] = self._stalls[-1]._replace(end_ns=monotonic_ns())
        # After a full look there may be more that was readable.
        if len(ready) < _EVENTS_AT_ONCE and epoll is not None:
            self.looked_ns = now_ns
        return ready, wanted, now_ns

    def close(self) -> None:
        if self._epoll is None:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._epoll = None
