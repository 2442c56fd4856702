"""Gemini, at AI Studio and Vertex AI: every event of a stream is a whole response.

https://ai.google.dev/api/generate-content. Google's SDK can read neither comments nor a mark of the end:
there are none.
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.errors import ConfigError
from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.refusals import GOOGLE, google_error
from probe.simulator.request import Ask, Request
from probe.simulator.speech import (
    Asked,
    Event,
    SimulatedApi,
    Spans,
    Speech,
    decode,
    encode,
    model_in,
    texts_tokens,
)


class _Part(msgspec.Struct, frozen=True):
    text: str = ""


class _Content(msgspec.Struct, frozen=True):
    parts: list[_Part]


class _Config(msgspec.Struct, frozen=True, rename="camel"):
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None


class _GeminiRequest(msgspec.Struct, frozen=True, rename="camel"):
    contents: list[_Content]
    system_instruction: _Content = _Content([])
    generation_config: _Config = _Config()


def _read(request: Request, found: re.Match[str]) -> Asked:
    sent = decode(request.body, _GeminiRequest)
    stream = found["call"] == "streamGenerateContent"
    if stream and "alt=sse" not in request.query.split("&"):
        raise ConfigError("Streams are simulated with alt=sse only.")
    return Asked(
        model=model_in(found),
        stream=stream,
        max_tokens=sent.generation_config.max_output_tokens,
        prompt_tokens=texts_tokens(
            part.text for content in (sent.system_instruction, *sent.contents) for part in content.parts
        ),
    )


class _Generation(Speech):
    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(behaviour, ask)
        self._said = {True: 0, False: 0}

    def opening(self) -> list[Event]:
        return []

    def output(self, piece: OutputPiece, /) -> list[Event]:
        self._said[piece.answer] += piece.tokens
        return [Event("", encode(self._response([_part(piece.text, answer=piece.answer)])))]

    def ending(self, _spans: Spans, /) -> list[Event]:
        return [Event("", encode(self._ended([_part("", answer=True)])))]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        return Event("error" if named else "", encode(google_error(error)))

    def body(self, _spans: Spans, /) -> object:
        parts = [_part(self.answer_text, answer=True)]
        if self.tokens.reasoning:
            parts.insert(0, _part(self.reasoning_text, answer=False))
        return self._ended(parts)

    def _ended(self, parts: list[dict[str, object]]) -> object:
        self._said = {True: self.tokens.answer, False: self.tokens.reasoning}
        return self._response(parts, finishReason=self.finish("STOP", "MAX_TOKENS"))

    def _response(self, parts: list[dict[str, object]], **ended: object) -> dict[str, object]:
        candidate = {"content": {"parts": parts, "role": "model"}, **ended, "index": 0}
        named = {"modelVersion": self.model, "responseId": self.ask.id}
        usage = {} if self.counts is None else {"usageMetadata": self._usage()}
        return {"candidates": [candidate], **usage, **named}

    def _usage(self) -> dict[str, object]:
        """What was said so far; cached tokens are among the prompt's, thoughts beside the candidates'."""
        counts = self.counts
        assert counts is not None
        if self.behaviour.usage == "zero":
            return {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}
        counted = {
            "promptTokenCount": counts.input,
            "candidatesTokenCount": self._said[True],
            "thoughtsTokenCount": self._said[False],
            "cachedContentTokenCount": counts.cached,
            "totalTokenCount": counts.input + sum(self._said.values()),
        }
        # A count of 0 is left out of the JSON.
        return {name: count for name, count in counted.items() if count}


def _part(text: str, *, answer: bool) -> dict[str, object]:
    return {"text": text} if answer else {"text": text, "thought": True}


GEMINI = SimulatedApi(
    path=re.compile(r"/(?P<model>[^/:]+):(?P<call>generateContent|streamGenerateContent)$"),
    read=_read,
    speech=_Generation,
    framing=ServerSentEvents,
    refusals=GOOGLE,
    id_form="sim{:08d}",
)
