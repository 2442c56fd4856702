"""Ollama's own API, `/api/chat` and `/api/generate`: https://docs.ollama.com/api/streaming."""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from probe.lib.clock import NS_PER_SECOND, utc_from_ns
from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import JsonLines
from probe.simulator.refusals import OLLAMA
from probe.simulator.request import Ask, Request
from probe.simulator.speech import Asked, Event, SimulatedApi, Spans, Speech, decode, encode, texts_tokens

# How a text and a thought stand in a line.
_Line = Callable[[str, str], dict[str, Any]]


class _Options(msgspec.Struct, frozen=True):
    num_predict: Annotated[int, Meta(ge=1)] | None = None


class _OllamaRequest(msgspec.Struct, frozen=True):
    """To either endpoint. A stream is what comes unless it is declined."""

    model: str
    messages: list[dict[str, object]] = []
    prompt: str = ""
    system: str = ""
    stream: bool = True
    options: _Options = _Options()


def _read(request: Request, _found: re.Match[str]) -> Asked:
    sent = decode(request.body, _OllamaRequest)
    texts = [message.get("content") for message in sent.messages]
    return Asked(
        model=sent.model,
        stream=sent.stream,
        max_tokens=sent.options.num_predict,
        prompt_tokens=texts_tokens([*texts, *filter(None, (sent.system, sent.prompt))]),
    )


class _Lines(Speech):
    def __init__(self, behaviour: Behaviour, ask: Ask, *, line: _Line) -> None:
        super().__init__(behaviour, ask)
        self._line = line
        created_at = utc_from_ns(ask.created_seconds * NS_PER_SECOND)
        self._head = {"model": self.model, "created_at": f"{created_at:%Y-%m-%dT%H:%M:%SZ}"}

    def opening(self) -> list[Event]:
        return []

    def output(self, piece: OutputPiece, /) -> list[Event]:
        said = self._line(piece.text, "") if piece.answer else self._line("", piece.text)
        return [Event("", encode({**self._head, **said, "done": False}))]

    def ending(self, spans: Spans, /) -> list[Event]:
        return [Event("", encode({**self._head, **self._line("", ""), **self._done(spans)}))]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:  # noqa: ARG002 - it has one way
        return Event("", encode({"error": error.message}))

    def body(self, spans: Spans, /) -> object:
        said = self._line(self.answer_text, self.reasoning_text)
        return {**self._head, **said, **self._done(spans)}

    def _done(self, spans: Spans) -> dict[str, object]:
        ended = {"done": True, "done_reason": self.finish("stop", "length")}
        counts = self.counts
        if counts is None:
            return ended
        figures = {
            "total_duration": spans.last_ns,
            "load_duration": 1_000_000,
            "prompt_eval_count": counts.input,
            "prompt_eval_duration": spans.first_ns,
            "eval_count": counts.output,
            "eval_duration": spans.last_ns - spans.first_ns,
        }
        # What is 0 is left out of the JSON.
        return {**ended, **{name: figure for name, figure in figures.items() if figure}}


def _chat_line(text: str, thinking: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"message": {**message, "thinking": thinking} if thinking else message}


def _generate_line(text: str, thinking: str) -> dict[str, Any]:
    return {"response": text, **({"thinking": thinking} if thinking else {})}


def _api(path: str, line: _Line) -> SimulatedApi:
    return SimulatedApi(
        path=re.compile(path),
        read=_read,
        speech=partial(_Lines, line=line),
        framing=JsonLines,
        refusals=OLLAMA,
    )


OLLAMA_CHAT = _api(r"/api/chat$", _chat_line)
OLLAMA_GENERATE = _api(r"/api/generate$", _generate_line)
