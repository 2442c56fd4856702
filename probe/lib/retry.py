"""Trying again: pauses that grow, and calls of a store that may be back in a moment."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from probe.errors import StoreUnavailable
from probe.lib.clock import NS_PER_SECOND, Clock

PAUSE_SECONDS = 2.0

_T = TypeVar("_T")


class Backoff:
    """Pauses that double, from the first to the longest.

    >>> backoff = Backoff(1, 5)
    >>> [backoff.next_seconds() for _ in range(4)]
    [1, 2, 4, 5]
    """

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._seconds = first_seconds

    def next_seconds(self) -> float:
        """How long to pause now; the next one is twice as long."""
        seconds = self._seconds
        self._seconds = min(2 * seconds, self._longest_seconds)
        return seconds

    def reset(self) -> None:
        """It worked: the next pause is the first."""
        self._seconds = self._first_seconds


def _never() -> bool:
    return False


async def while_unavailable(
    call: Callable[[], Awaitable[_T]],
    clock: Clock,
    *,
    log_error: Callable[..., object],
    patience_seconds: float = math.inf,
    give_up: Callable[[], bool] = _never,
    pause_seconds: float = PAUSE_SECONDS,
) -> _T:
    """What `call` returns; it is repeated after a pause for as long as it raises StoreUnavailable.

    Every such error goes to `log_error(error=...)`. The last one is raised if the next call would come after
    `patience_seconds`, or if `give_up()` is true. Other exceptions are raised at once.
    """
    started_ns = clock.monotonic_ns()
    while True:
        try:
            return await call()
        except StoreUnavailable as exc:
            log_error(error=str(exc))
            waited = (clock.monotonic_ns() - started_ns) / NS_PER_SECOND
            if give_up() or waited + pause_seconds > patience_seconds:
                raise
            await clock.sleep(pause_seconds)
