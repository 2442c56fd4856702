"""What a fault makes of a stream, once enough of it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from probe.simulator.events import Events
from probe.simulator.faults import error_json, refusal
from probe.simulator.pace import Pace

Then = Literal["go on", "end", "close", "reset"]


class Burst(NamedTuple):
    """Events that are written at once, and what comes of the stream then.

    `end` is the end of the body as HTTP has it, without what an answer should end with.
    """

    at_ns: int
    data: bytes
    tokens: int = 0
    answer_tokens: int = 0
    then: Then = "go on"


Strike = Callable[[Events], tuple[bytes, Then]]

STRIKES: dict[str, Strike] = {
    "reset": lambda _: (b"", "reset"),
    "close": lambda _: (b"", "close"),
    "truncated": lambda _: (b"", "end"),
    "error_event": lambda events: (events.event(error_json(refusal(500))), "end"),
    "error_event_named": lambda events: (events.named_error(error_json(refusal(500))), "end"),
    "malformed_json": lambda events: (
        events.event(b'{"choices":[{"index":0,"delta":{"content":"bro'),
        "go on",
    ),
    "invalid_utf8": lambda events: (events.delta(b'{"content":" \xc3\x28\xff\xfe"}'), "go on"),
}


def befallen(
    bursts: Iterator[Burst], fault: str | None, after: int, pace: Pace, events: Events
) -> Iterator[Burst]:
    """The bursts, with the fault before the first one that follows `after` tokens, or after the last.

    A burst that does not go on is the last.
    """
    if fault == "stall_stream":
        yield from _stalled(bursts, after, pace)
    elif fault in STRIKES:
        yield from _struck(bursts, STRIKES[fault], after, pace, events)
    else:
        yield from bursts


def _stalled(bursts: Iterator[Burst], after: int, pace: Pace) -> Iterator[Burst]:
    sent = 0
    at_ns = pace.first_ns
    for burst in bursts:
        at_ns = burst.at_ns + (pace.stall_ns if sent >= after else 0)
        yield burst._replace(at_ns=at_ns)
        sent += burst.tokens
    if sent <= after:
        yield Burst(at_ns + pace.stall_ns, b"")


def _struck(
    bursts: Iterator[Burst], strike: Strike, after: int, pace: Pace, events: Events
) -> Iterator[Burst]:
    data, then = strike(events)
    sent = 0
    at_ns = pace.first_ns
    waiting = True
    for burst in bursts:
        at_ns = burst.at_ns
        if waiting and sent >= after:
            waiting = False
            yield Burst(at_ns, data, then=then)
            if then != "go on":
                return
        yield burst
        sent += burst.tokens
    if waiting:
        yield Burst(at_ns, data, then=then)
