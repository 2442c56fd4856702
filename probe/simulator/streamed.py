"""A streamed answer: events on a plan."""

from __future__ import annotations

from collections.abc import Iterator

from probe.simulator.answer import Chunk, budget, chunks
from probe.simulator.ask import Ask
from probe.simulator.behaviour import Behaviour
from probe.simulator.events import OPENINGS, Events, usage_fields
from probe.simulator.framing import EVENT_STREAM, LAST_CHUNK, chunk, cut, head
from probe.simulator.pace import Pace
from probe.simulator.steps import Step
from probe.simulator.trouble import Burst, befallen


class StreamedAnswer:
    """Plans one answer. `keep_alive` is what its head promises."""

    def __init__(self, behaviour: Behaviour, ask: Ask, pace: Pace, *, keep_alive: bool) -> None:
        self._behaviour = behaviour
        self._ask = ask
        self._pace = pace
        self._keep_alive = keep_alive
        self._chunked = keep_alive or (behaviour.framing == "chunked" and not ask.http_1_0)
        self._events = Events(behaviour, ask)
        self._tokens = budget(behaviour, ask.max_tokens)
        self._finish = behaviour.finish_reason or ("length" if self._tokens.cut else "stop")

    def steps(self) -> Iterator[Step]:
        yield from self._opening()
        at_ns = self._pace.first_ns
        for burst in self._troubled(self._bursts()):
            if burst.then in {"close", "reset"}:
                yield Step(burst.at_ns, b"", cut="close" if burst.then == "close" else "reset")
                return
            yield from self._written(burst)
            if burst.then == "end":
                return
            at_ns = burst.at_ns
        yield Step(at_ns + self._pace.end_ns, self._framed(self._ending(at_ns), last=True))

    # Beginning --------------------------------------------------------------------------------------------

    def _opening(self) -> Iterator[Step]:
        """The head, the chunk without output, and comments spread evenly until the first output."""
        start_ns, first_ns = self._pace.head_ns, self._pace.first_ns
        headers = (("cache-control", "no-cache"), *self._ask.headers)
        yield Step(
            start_ns, head(200, EVENT_STREAM, headers, keep_alive=self._keep_alive, chunked=self._chunked)
        )
        opening = OPENINGS.get(self._behaviour.first)
        if opening is not None:
            yield Step(start_ns, self._framed(self._events.delta(opening)))
        for number in range(1, self._behaviour.comments + 1):
            at_ns = start_ns + (first_ns - start_ns) * number // (self._behaviour.comments + 1)
            yield Step(at_ns, self._framed(self._events.comment()))

    # Output -----------------------------------------------------------------------------------------------

    def _bursts(self) -> Iterator[Burst]:
        """The output in writes, each at its planned instant."""
        behaviour = self._behaviour
        at_ns = self._pace.first_ns
        number = 0
        group: list[Chunk] = []
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

    def _burst(self, at_ns: int, group: list[Chunk]) -> Burst:
        data = b"".join([self._output_event(piece) for piece in group])
        tokens = sum([piece.tokens for piece in group])
        return Burst(at_ns, data, tokens, sum([piece.tokens for piece in group if piece.answer]))

    def _output_event(self, piece: Chunk) -> bytes:
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
        return befallen(bursts, self._behaviour.fault, after, self._pace, self._events)

    # End --------------------------------------------------------------------------------------------------

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

    # Bytes ------------------------------------------------------------------------------------------------

    def _written(self, burst: Burst) -> Iterator[Step]:
        data = self._framed(burst.data, last=burst.then == "end")
        if self._behaviour.split == 1:
            yield Step(burst.at_ns, data, burst.tokens, burst.answer_tokens)
            return
        pieces = cut(data, self._behaviour.split)
        for left, piece in zip(range(len(pieces) - 1, 0, -1), pieces, strict=False):
            yield Step(max(0, burst.at_ns - left * self._pace.split_ns), piece)
        yield Step(burst.at_ns, pieces[-1], burst.tokens, burst.answer_tokens)

    def _framed(self, data: bytes, *, last: bool = False) -> bytes:
        if not self._chunked:
            return data
        return chunk(data) + LAST_CHUNK if last else chunk(data)
