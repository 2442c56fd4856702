"""No garbage collection while a stream is open.

Exchanges leave no reference cycles behind, so nothing piles up; should a busy hour leave some anyway, they
are collected once in a while.
"""

from __future__ import annotations

import gc

from probe.clock import NS_PER_SECOND, monotonic_ns

_LONGEST_PAUSE_NS = 300 * NS_PER_SECOND

_open = 0
_was_enabled = False
_collected_ns = 0


def enter() -> None:
    """A stream opens."""
    global _open, _was_enabled, _collected_ns
    _open += 1
    if _open == 1:
        _was_enabled = gc.isenabled()
        _collected_ns = monotonic_ns()
        gc.disable()


def leave() -> None:
    """A stream is closed. After the last one, collection goes on as the interpreter sees fit."""
    global _open, _collected_ns
    _open -= 1
    if _open == 0:
        if _was_enabled:
            gc.enable()
    elif monotonic_ns() - _collected_ns > _LONGEST_PAUSE_NS:
        _collected_ns = monotonic_ns()
        gc.collect()
