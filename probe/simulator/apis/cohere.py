"""Cohere's chat, second version: https://docs.cohere.com/v2/docs/streaming."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.refusals import COHERE
from probe.simulator.request import Ask, Request
from probe.simulator.speech import Asked, Event, SimulatedApi, Spans, Speech, decode, encode, texts_tokens

# What the template of a chat adds to the prompt: it is counted, and not billed.
_TEMPLATE_TOKENS = 65


class _CohereRequest(msgspec.Struct, frozen=True):
    model: str
    messages: list[dict[str, object]]
    stream: bool | None = False
    max_tokens: Annotated[int, Meta(ge=1)] | None = None


def _read(request: Request, _found: re.Match[str]) -> Asked:
    sent = decode(request.body, _CohereRequest)
    return Asked(
        model=sent.model,
        stream=bool(sent.stream),
        max_tokens=sent.max_tokens,
        prompt_tokens=texts_tokens(message.get("content") for message in sent.messages),
    )


class _Chat(Speech):
    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(behaviour, ask)
        self._index = 0
        self._thinking = self.tokens.reasoning > 0

    def opening(self) -> Iterator[Event]:
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield _event("message-start", id=self.ask.id, delta={"message": message})
        yield self._started()

    def output(self, piece: OutputPiece, /) -> list[Event]:
        events = []
        if piece.answer and self._thinking:
            events.append(_event("content-end", index=self._index))
            self._thinking = False
            self._index += 1
            events.append(self._started())
        return [*events, self._content("content-delta", **{self._kind(): piece.text})]

    def ending(self, _spans: Spans, /) -> list[Event]:
        delta = {"finish_reason": self._finish_reason(), **self._usage()}
        return [_event("content-end", index=self._index), _event("message-end", delta=delta)]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        if named:
            return Event("error", encode({"message": error.message}))
        return _event("message-end", delta={"finish_reason": "ERROR", "error": error.message})

    def body(self, _spans: Spans, /) -> object:
        content = [{"type": "text", "text": self.answer_text}]
        if self.tokens.reasoning:
            content.insert(0, {"type": "thinking", "thinking": self.reasoning_text})
        message = {"role": "assistant", "content": content}
        ended = {"finish_reason": self._finish_reason(), **self._usage()}
        return {"id": self.ask.id, "message": message, **ended}

    def _finish_reason(self) -> str:
        return self.finish("COMPLETE", "MAX_TOKENS")

    def _kind(self) -> str:
        return "thinking" if self._thinking else "text"

    def _started(self) -> Event:
        kind = self._kind()
        return self._content("content-start", type=kind, **{kind: ""})

    def _content(self, event: str, **content: str) -> Event:
        return _event(event, index=self._index, delta={"message": {"content": content}})

    def _usage(self) -> dict[str, object]:
        counts = self.counts
        if counts is None:
            return {}
        template = 0 if self.behaviour.usage == "zero" else _TEMPLATE_TOKENS
        billed = {"input_tokens": float(counts.input), "output_tokens": float(counts.output)}
        used = {**billed, "input_tokens": float(counts.input + template)}
        return {"usage": {"billed_units": billed, "tokens": used, "cached_tokens": float(counts.cached)}}


def _event(kind: str, **fields: object) -> Event:
    return Event(kind, encode({"type": kind, **fields}))


COHERE_CHAT = SimulatedApi(
    path=re.compile(r"/v2/chat$"),
    read=_read,
    speech=_Chat,
    framing=ServerSentEvents,
    refusals=COHERE,
    # A body with an error in it is no answer of theirs: what failed says so in its finish reason.
    failed=lambda error, ask: {"id": ask.id, "finish_reason": "ERROR", "message": error.message},
    id_header="x-debug-trace-id",
)
