"""A streamed answer: events on a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from probe.simulator.answer import OutputPiece, chunks
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import refusal
from probe.simulator.framing import LAST_CHUNK, chunk, cut, head
from probe.simulator.plan import Write, WriteTiming
from probe.simulator.request import Ask
from probe.simulator.speech import Event, SimulatedApi, Spans, encode


class StreamedAnswer:
    """Plans one answer. `keep_alive` is what its head promises."""

    def __init__(
        self, api: SimulatedApi, behaviour: Behaviour, ask: Ask, pace: WriteTiming, *, keep_alive: bool
    ) -> None:
        self._behaviour = behaviour
        self._ask = ask
        self._pace = pace
        self._keep_alive = keep_alive
        self._chunked = keep_alive or (behaviour.framing == "chunked" and not ask.http_1_0)
        self._speech = api.speech(behaviour, ask)
        self._events = api.framing(behaviour)
        self._refused = api.refusals.body
        self._tokens = self._speech.tokens
        self._answering = self._tokens.reasoning == 0

    def writes(self) -> Iterator[Write]:
        yield from self._opening()
        at_ns = self._pace.first_ns
        for burst in self._troubled(self._bursts()):
            if burst.then in {"close", "reset"}:
                yield Write(burst.at_ns, b"", cut="close" if burst.then == "close" else "reset")
                return
            yield from self._written(burst)
            if burst.then == "end":
                return
            at_ns = burst.at_ns
        yield Write(at_ns + self._pace.end_ns, self._framed(self._ending(at_ns), last=True))

    def _opening(self) -> Iterator[Write]:
        """The head, the chunk without output, and comments spread evenly until the first output."""
        start_ns, first_ns = self._pace.head_ns, self._pace.first_ns
        headers = (("cache-control", "no-cache"), *self._ask.headers)
        media_type = self._events.media_type
        yield Write(
            start_ns, head(200, media_type, headers, keep_alive=self._keep_alive, chunked=self._chunked)
        )
        opening = self._together(self._speech.opening())
        if opening:
            yield Write(start_ns, self._framed(opening))
        for number in range(1, self._behaviour.comments + 1):
            at_ns = start_ns + (first_ns - start_ns) * number // (self._behaviour.comments + 1)
            yield Write(at_ns, self._framed(self._sign_of_life()))

    def _bursts(self) -> Iterator[Burst]:
        """The output in writes, each at its planned instant."""
        behaviour = self._behaviour
        at_ns = self._pace.first_ns
        number = 0
        group: list[OutputPiece] = []
        for piece in chunks(behaviour, self._tokens):
            group.append(piece)
            if len(group) < behaviour.merge and not piece.last:
                continue
            yield self._burst(at_ns, group)
            group = []
            number += 1
            gap_ns = self._pace.gap_ns()
            if behaviour.comment_every and number % behaviour.comment_every == 0 and not piece.last:
                yield Burst(at_ns + gap_ns // 2, self._sign_of_life())
            at_ns += gap_ns

    def _burst(self, at_ns: int, group: list[OutputPiece]) -> Burst:
        data = b"".join([self._together(self._speech.output(piece)) for piece in group])
        self._answering = group[-1].answer
        tokens = sum([piece.tokens for piece in group])
        return Burst(at_ns, data, tokens, sum([piece.tokens for piece in group if piece.answer]))

    def _together(self, events: Iterable[Event]) -> bytes:
        return b"".join([self._events.framed(event) for event in events])

    def _sign_of_life(self) -> bytes:
        event = self._speech.sign_of_life()
        return b"" if event is None else self._events.framed(event)

    def _troubled(self, bursts: Iterator[Burst]) -> Iterator[Burst]:
        after = self._behaviour.fault_after
        if after is None:
            after = (self._tokens.reasoning + self._tokens.answer) // 2
        fault = self._behaviour.fault
        if fault == "stall_stream":
            return _stalled(bursts, after, self._pace)
        if fault in STRIKES:
            return _struck(bursts, lambda: self._strike(fault), after, self._pace)
        return bursts

    def _strike(self, fault: str) -> Strike:
        """What the fault writes, and what comes of the stream then."""
        then = STRIKES[fault]
        if fault in {"error_event", "error_event_named"}:
            error = refusal(self._behaviour.error_status)
            event = self._speech.failure(error, named=fault == "error_event_named")
            return self._events.framed(event), then
        if fault == "error_bare":
            error = refusal(self._behaviour.error_status)
            return msgspec.json.format(encode(self._refused(error, None))) + b"\n", then
        if fault in {"reset", "close", "truncated"}:
            return b"", then
        return self._broken(fault), then

    def _broken(self, fault: str) -> bytes:
        """A piece of output with something wrong in it."""
        *before, last = self._speech.output(OutputPiece(" \u00a4", 0, answer=self._answering, last=False))
        whole = self._events.framed(last)
        if fault == "malformed_json":
            whole = self._events.framed(last._replace(data=last.data[: len(last.data) // 2]))
        elif fault == "invalid_utf8":
            garbled = last.data.replace(b"\xc2\xa4", b"\xc3\x28\xff\xfe")
            whole = self._events.framed(last._replace(data=garbled))
        elif fault == "bad_checksum":
            whole = self._events.damaged(whole)
        else:
            whole = whole[: len(whole) // 2]
        return self._together(before) + whole

    def _ending(self, last_ns: int) -> bytes:
        """All that follows the last output, as far as the behaviour has it."""
        behaviour = self._behaviour
        events = self._speech.ending(Spans(self._pace.first_ns, last_ns))
        if not behaviour.done or behaviour.fault == "no_done":
            events.pop()
        if behaviour.fault == "after_done":
            events += self._speech.output(OutputPiece(" late", 0, answer=True, last=False))
        data = self._together(events)
        return data if behaviour.last_blank_line else self._events.unended(data)

    def _written(self, burst: Burst) -> Iterator[Write]:
        data = self._framed(burst.data, last=burst.then == "end")
        if self._behaviour.split == 1:
            yield Write(burst.at_ns, data, burst.tokens, burst.answer_tokens)
            return
        pieces = cut(data, self._behaviour.split)
        for left, piece in zip(range(len(pieces) - 1, 0, -1), pieces, strict=False):
            yield Write(max(0, burst.at_ns - left * self._pace.split_ns), piece)
        yield Write(burst.at_ns, pieces[-1], burst.tokens, burst.answer_tokens)

    def _framed(self, data: bytes, *, last: bool = False) -> bytes:
        if not self._chunked:
            return data
        return chunk(data) + LAST_CHUNK if last else chunk(data)


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


Strike = tuple[bytes, Then]

STRIKES: dict[str, Then] = {
    "reset": "reset",
    "close": "close",
    "truncated": "end",
    "cut_event": "end",
    "error_event": "end",
    "error_event_named": "end",
    "error_bare": "end",
    "malformed_json": "go on",
    "invalid_utf8": "go on",
    "bad_checksum": "go on",
}


# The bursts, with the fault before the first one that follows `after` tokens, or after the last. A burst that
# does not go on is the last.


def _stalled(bursts: Iterator[Burst], after: int, pace: WriteTiming) -> Iterator[Burst]:
    sent = 0
    at_ns = pace.first_ns
    for burst in bursts:
        at_ns = burst.at_ns + (pace.stall_ns if sent >= after else 0)
        yield burst._replace(at_ns=at_ns)
        sent += burst.tokens
    if sent <= after:
        yield Burst(at_ns + pace.stall_ns, b"")


def _struck(
    bursts: Iterator[Burst], strike: Callable[[], Strike], after: int, pace: WriteTiming
) -> Iterator[Burst]:
    sent = 0
    at_ns = pace.first_ns
    waiting = True
    for burst in bursts:
        at_ns = burst.at_ns
        if waiting and sent >= after:
            waiting = False
            data, then = strike()
            yield Burst(at_ns, data, then=then)
            if then != "go on":
                return
        yield burst
        sent += burst.tokens
    if waiting:
        data, then = strike()
        yield Burst(at_ns, data, then=then)
