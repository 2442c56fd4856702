"""A streamed answer: events on a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from probe.simulator.answer import OutputPiece, budget, chunks
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import error_json, refusal
from probe.simulator.framing import EVENT_STREAM, LAST_CHUNK, OPENINGS, Events, chunk, cut, head, usage_fields
from probe.simulator.plan import Write, WriteTiming
from probe.simulator.request import Ask


class StreamedAnswer:
    """Plans one answer. `keep_alive` is what its head promises."""

    def __init__(self, behaviour: Behaviour, ask: Ask, pace: WriteTiming, *, keep_alive: bool) -> None:
        self._behaviour = behaviour
        self._ask = ask
        self._pace = pace
        self._keep_alive = keep_alive
        self._chunked = keep_alive or (behaviour.framing == "chunked" and not ask.http_1_0)
        self._events = Events(behaviour, ask)
        self._tokens = budget(behaviour, ask.max_tokens)
        self._finish = behaviour.finish_reason or ("length" if self._tokens.cut else "stop")

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
        yield Write(
            start_ns, head(200, EVENT_STREAM, headers, keep_alive=self._keep_alive, chunked=self._chunked)
        )
        opening = OPENINGS.get(self._behaviour.first)
        if opening is not None:
            yield Write(start_ns, self._framed(self._events.delta(opening)))
        for number in range(1, self._behaviour.comments + 1):
            at_ns = start_ns + (first_ns - start_ns) * number // (self._behaviour.comments + 1)
            yield Write(at_ns, self._framed(self._events.comment()))

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
                yield Burst(at_ns + gap_ns // 2, self._events.comment())
            at_ns += gap_ns

    def _burst(self, at_ns: int, group: list[OutputPiece]) -> Burst:
        data = b"".join([self._output_event(piece) for piece in group])
        tokens = sum([piece.tokens for piece in group])
        return Burst(at_ns, data, tokens, sum([piece.tokens for piece in group if piece.answer]))

    def _output_event(self, piece: OutputPiece) -> bytes:
        delta = self._events.output(piece.text, answer=piece.answer)
        if piece.last and self._behaviour.usage == "last_chunk":
            return self._events.delta(delta, self._finish, {"usage": self._usage()})
        return self._events.delta(delta)

    def _usage(self) -> dict[str, object]:
        return usage_fields(self._behaviour, self._ask, self._tokens)

    def _troubled(self, bursts: Iterator[Burst]) -> Iterator[Burst]:
        after = self._behaviour.fault_after
        if after is None:
            after = (self._tokens.reasoning + self._tokens.answer) // 2
        return with_fault(bursts, self._behaviour.fault, after, self._pace, self._events)

    def _ending(self, last_ns: int) -> bytes:
        """Finish reason, usage and [DONE], as far as the behaviour has them."""
        behaviour = self._behaviour
        parts = []
        if behaviour.usage != "last_chunk":
            extra = {"x_groq": self._x_groq(last_ns)} if behaviour.usage == "x_groq" else None
            parts.append(self._events.delta(b"{}", self._finish, extra))
        elif self._tokens.reasoning + self._tokens.answer == 0:
            parts.append(self._events.delta(b"{}", self._finish, {"usage": self._usage()}))
        asked = behaviour.usage == "asked" and self._ask.include_usage
        if asked or behaviour.usage in {"final", "zero"}:
            parts.append(self._events.usage(self._usage()))
        if behaviour.done and behaviour.fault != "no_done":
            parts.append(self._events.done())
        if behaviour.fault == "after_done":
            parts.append(self._events.delta(self._events.output(" late", answer=True)))
        data = b"".join(parts)
        return data if behaviour.last_blank_line else self._events.without_last_newlines(data)

    def _x_groq(self, last_ns: int) -> dict[str, object]:
        """Groq's envelope: the counts, and its own times in seconds."""
        prompt = self._pace.first_ns / 1e9
        completion = (last_ns - self._pace.first_ns) / 1e9
        times = {
            "queue_time": 0.0,
            "prompt_time": prompt,
            "completion_time": completion,
            "total_time": prompt + completion,
        }
        return {"id": f"req_{self._ask.id}", "usage": {**self._usage(), **times}}

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


def with_fault(
    bursts: Iterator[Burst], fault: str | None, after: int, pace: WriteTiming, events: Events
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
    bursts: Iterator[Burst], strike: Strike, after: int, pace: WriteTiming, events: Events
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
