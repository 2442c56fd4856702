"""Spans in which the stopwatch could not look at its sockets, and how much of a figure they may falsify.

The process was stopped, throttled, suspended or busy. What arrived meanwhile may have been merged by the
kernel into one piece, which carries the stamp of its last segment (Linux's `tcp_try_coalesce` lets the later
stamp overwrite the earlier); what was to be done meanwhile was done late.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from probe.lib.clock import NS_PER_MS

# The longest time between two looks that is none.
SHORTEST_STALL_NS = 2 * NS_PER_MS

# What a figure may be off by before it counts as unknown.
_BOUND_NS = 2 * NS_PER_MS
_BOUND_SHARE = 0.01

# Half of what Linux grants a new connection to receive (`net.ipv4.tcp_rmem`): nobody is held up before.
_BUFFER_BYTES = 32 * 1024


class Stall(NamedTuple):
    """From the last look before until the first look after has read what there was, monotonic nanoseconds."""

    start_ns: int
    end_ns: int


def bound_ns(figure_ns: int) -> int:
    """How far a figure may be off: 2 ms, or 1 % of it."""
    return max(_BOUND_NS, int(_BOUND_SHARE * figure_ns))


def stalled_ns(stalls: Iterable[Stall], start_ns: int, end_ns: int) -> int:
    """How much of a span of time the stalls take up."""
    return sum(
        min(end, end_ns) - max(start, start_ns) for start, end in stalls if start < end_ns and end > start_ns
    )


def at_most(count: int, stalls: list[Stall]) -> list[Stall]:
    """The same stalls, the nearest neighbours merged until there are no more than `count`."""
    while len(stalls) > count:
        gaps = sorted(b.start_ns - a.end_ns for a, b in pairwise(stalls))
        widest = gaps[len(stalls) - count - 1]
        merged = stalls[:1]
        for stall in stalls[1:]:
            if stall.start_ns - merged[-1].end_ns <= widest:
                merged[-1] = Stall(merged[-1].start_ns, stall.end_ns)
            else:
                merged.append(stall)
        stalls = merged
    return stalls


def doubtful_instants(
    arrivals: Iterable[tuple[int, int]], stalls: Sequence[Stall], *, stamped: bool
) -> dict[int, int]:
    """The instants that may be later than what they stand for, and the earliest that this can have been.

    `arrivals` are instants and sizes of pieces, `stalls` are in order and apart; `stamped` says that the
    kernel stamped the pieces. Of one that it may have merged only the last byte has arrived at its instant:
    the nanosecond before stands for the rest. What came after a stall that filled the receive buffer is in
    doubt as a whole, as the sender may have been held up by it; so is what the kernel did not stamp.
    """
    doubts: dict[int, int] = {}
    filled: dict[Stall, int] = {}
    starts = [stall.start_ns for stall in stalls]
    previous_ns = held_ns = 0
    for at_ns, size in arrivals:
        older_ns = 0
        begun = bisect_left(starts, at_ns)
        for stall in stalls[begun - 1 : begun] if stamped else stalls[:begun]:
            if at_ns <= stall.end_ns or not stamped:
                older_ns = max(older_ns, min(at_ns, stall.end_ns) - max(stall.start_ns, previous_ns))
                filled[stall] = filled.get(stall, 0) + size
                if filled[stall] >= _BUFFER_BYTES:
                    held_ns = max(held_ns, stall.end_ns - stall.start_ns)
        whole_ns = held_ns if stamped else max(held_ns, older_ns)
        if max(older_ns, held_ns) > _BOUND_NS:
            doubts[at_ns - 1] = at_ns - max(older_ns, held_ns)
        if whole_ns > _BOUND_NS:
            doubts[at_ns] = at_ns - whole_ns
        previous_ns = at_ns
    return doubts
