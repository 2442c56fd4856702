"""No garbage collection while a stream is open, or while very many rows are read.

Neither leaves reference cycles behind, so nothing piles up; should a busy hour leave some anyway, they
are collected once in a while.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from probe.lib.clock import NS_PER_SECOND, monotonic_ns

_LONGEST_PAUSE_NS = 300 * NS_PER_SECOND

_open = 0
_was_enabled = False
_collected_ns = 0


def enter() -> None:
    """Work begins that must not be held up."""
    global _open, _was_enabled, _collected_ns
    _open += 1
    if _open == 1:
        _was_enabled = gc.isenabled()
        _collected_ns = monotonic_ns()
        gc.disable()


def leave() -> None:
    """Such work is over. After the last of it, collection goes on as the interpreter sees fit."""
    global _open, _collected_ns
    _open -= 1
    if _open == 0:
        if _was_enabled:
            gc.enable()
    elif monotonic_ns() - _collected_ns > _LONGEST_PAUSE_NS:
        _collected_ns = monotonic_ns()
        gc.collect()


@contextmanager
def paused() -> Iterator[None]:
    """`enter` and `leave` around a block."""
    enter()
    try:
        yield
    finally:
        leave()
