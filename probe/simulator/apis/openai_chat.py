"""OpenAI's chat completions, with the ways in which others depart from them."""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.refusals import OPENAI, openai_error
from probe.simulator.request import Ask, Request
from probe.simulator.speech import Asked, Event, SimulatedApi, Spans, Speech, decode, encode, texts_tokens

_OPENINGS = {
    "role": b'{"role":"assistant"}',
    "null_content": b'{"role":"assistant","content":null}',
    "empty": b'{"role":"assistant","content":""}',
}


class _StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class _ChatRequest(msgspec.Struct, frozen=True):
    """Fields that change nothing here are not looked at."""

    model: str
    messages: list[dict[str, object]]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None


def _read(request: Request, _found: re.Match[str]) -> Asked:
    sent = decode(request.body, _ChatRequest)
    return Asked(
        model=sent.model,
        stream=bool(sent.stream),
        max_tokens=sent.max_tokens if sent.max_completion_tokens is None else sent.max_completion_tokens,
        prompt_tokens=texts_tokens(message.get("content") for message in sent.messages),
        include_usage=sent.stream_options is not None and sent.stream_options.include_usage,
    )


class _Completion(Speech):
    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(behaviour, ask)
        self._field = encode(behaviour.reasoning_field)
        self._finish = self.finish("stop", "length")
        self._head = encode(self._names("chat.completion.chunk"))[:-1]

    def opening(self) -> list[Event]:
        opening = _OPENINGS.get(self.behaviour.first)
        return [] if opening is None else [self._delta(opening)]

    def output(self, piece: OutputPiece, /) -> list[Event]:
        field = b'"content"' if piece.answer else self._field
        delta = b"{%b:%b}" % (field, encode(piece.text))
        if piece.last and self.behaviour.usage == "last_chunk":
            return [self._delta(delta, self._finish, {"usage": self._usage()})]
        return [self._delta(delta)]

    def ending(self, spans: Spans, /) -> list[Event]:
        usage = self.behaviour.usage
        events = []
        if usage != "last_chunk":
            extra = {"x_groq": self._x_groq(spans)} if usage == "x_groq" else None
            events.append(self._delta(b"{}", self._finish, extra))
        elif self.tokens.reasoning + self.tokens.answer == 0:
            events.append(self._delta(b"{}", self._finish, {"usage": self._usage()}))
        if usage in {"final", "zero"} or (usage == "asked" and self.ask.include_usage):
            events.append(Event("", b'%b,"choices":[]%b' % (self._head, _tail({"usage": self._usage()}))))
        return [*events, Event("", b"[DONE]")]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        return Event("error" if named else "", encode(openai_error(error)))

    def body(self, _spans: Spans, /) -> object:
        tokens = self.tokens
        message: dict[str, object] = {
            "role": "assistant",
            "content": self.answer_text if tokens.answer or not tokens.reasoning else None,
        }
        if tokens.reasoning:
            message[self.behaviour.reasoning_field] = self.reasoning_text
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        answer: dict[str, object] = {**self._names("chat.completion"), "choices": [choice]}
        if self.counts is not None:
            answer["usage"] = self._usage()
        if self.behaviour.usage == "x_groq":
            answer["x_groq"] = {"id": f"req_{self.ask.id}"}
        return answer

    def sign_of_life(self) -> Event:
        return Event(":", b"OPENROUTER PROCESSING")

    def _names(self, kind: str) -> dict[str, object]:
        ask = self.ask
        named = {"id": ask.id, "object": kind, "created": ask.created_seconds, "model": self.model}
        fingerprint = self.behaviour.system_fingerprint
        return named if fingerprint is None else {**named, "system_fingerprint": fingerprint}

    def _delta(
        self, delta: bytes, finish_reason: str | None = None, extra: Mapping[str, object] | None = None
    ) -> Event:
        """An event with one choice; `extra` are fields beside `choices`."""
        finish = b"null" if finish_reason is None else encode(finish_reason)
        data = b'%b,"choices":[{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b}]%b'
        return Event("", data % (self._head, delta, finish, _tail(extra)))

    def _usage(self) -> dict[str, object]:
        """All zero where the behaviour says so."""
        counts = self.counts
        assert counts is not None
        total: dict[str, object] = {
            "prompt_tokens": counts.input,
            "completion_tokens": counts.output,
            "total_tokens": counts.input + counts.output,
        }
        if self.behaviour.usage == "zero":
            return total
        charged = self.behaviour.charged_usd
        return {
            **total,
            "prompt_tokens_details": {"cached_tokens": counts.cached},
            "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
            **({} if charged is None else {"cost": charged}),
        }

    def _x_groq(self, spans: Spans) -> dict[str, object]:
        """Groq's envelope: the counts, and its own times in seconds."""
        times = {
            "queue_time": 0.0,
            "prompt_time": spans.first_ns / 1e9,
            "completion_time": (spans.last_ns - spans.first_ns) / 1e9,
            "total_time": spans.last_ns / 1e9,
        }
        return {"id": f"req_{self.ask.id}", "usage": {**self._usage(), **times}}


def _tail(extra: Mapping[str, object] | None) -> bytes:
    """The end of a JSON object that began elsewhere."""
    return b"," + encode(extra)[1:] if extra else b"}"


CHAT_COMPLETIONS = SimulatedApi(
    path=re.compile(r"/chat/completions$"),
    read=_read,
    speech=_Completion,
    framing=ServerSentEvents,
    refusals=OPENAI,
    id_form="chatcmpl-sim-{:08d}",
)
