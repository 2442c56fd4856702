"""TGI's own API, `/generate_stream` and `/generate`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json. No model is named: the
engine serves one, which is the default one unless the path before says `/models/NAME`. It tells no reasoning
apart.
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.models import DEFAULT_MODEL
from probe.simulator.refusals import TGI as REFUSALS
from probe.simulator.refusals import tgi_error
from probe.simulator.request import Ask, Request
from probe.simulator.speech import (
    Asked,
    Event,
    Headers,
    SimulatedApi,
    Spans,
    Speech,
    decode,
    encode,
    model_in,
    texts_tokens,
)


class _Parameters(msgspec.Struct, frozen=True):
    max_new_tokens: Annotated[int, Meta(ge=1)] | None = None


class _GenerateRequest(msgspec.Struct, frozen=True):
    inputs: str
    parameters: _Parameters = _Parameters()


def _read(request: Request, found: re.Match[str]) -> Asked:
    sent = decode(request.body, _GenerateRequest)
    return Asked(
        model=model_in(found) if found["model"] else DEFAULT_MODEL,
        stream=found["stream"] is not None,
        max_tokens=sent.parameters.max_new_tokens,
        prompt_tokens=texts_tokens([sent.inputs]),
    )


class _GenerationStream(Speech):
    """The last event is the end of the sequence, a token that is no text and is not counted here."""

    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(msgspec.structs.replace(behaviour, reasoning_tokens=0), ask)
        self._index = 0

    def opening(self) -> list[Event]:
        return []

    def output(self, piece: OutputPiece, /) -> list[Event]:
        return [self._event(piece.text, special=False, generated_text=None, details=None)]

    def ending(self, _spans: Spans, /) -> list[Event]:
        details = None if self.counts is None else self._details(input_length=self.counts.input)
        return [self._event("</s>", special=True, generated_text=self.answer_text, details=details)]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        return Event("error" if named else "", encode(tgi_error(error)))

    def body(self, _spans: Spans, /) -> object:
        details = {} if self.counts is None else {"details": self._details(prefill=[])}
        return {"generated_text": self.answer_text, **details}

    def head(self, spans: Spans, /) -> Headers:
        """Whole milliseconds, but for the first, which is seconds."""
        if self.counts is None:
            return ()
        times = {
            "x-compute-time": f"{spans.last_ns / 1e9:.6f}",
            "x-total-time": str(spans.last_ms),
            "x-queue-time": "0",
            "x-inference-time": str(spans.last_ms),
            "x-prompt-tokens": str(self.counts.input),
            "x-generated-tokens": str(self.counts.output),
        }
        return tuple(times.items())

    def sign_of_life(self) -> Event:
        return Event(":", b"")

    def _event(self, text: str, *, special: bool, **rest: object) -> Event:
        self._index += 1
        token = {"id": 1000 + self._index, "text": text, "logprob": -0.34, "special": special}
        return Event("", encode({"index": self._index, "token": token, **rest}))

    def _details(self, **more: object) -> dict[str, object]:
        assert self.counts is not None
        reason = self.finish("eos_token", "length")
        return {"finish_reason": reason, "generated_tokens": self.counts.output, "seed": None, **more}


TGI = SimulatedApi(
    path=re.compile(r"(?:/models/(?P<model>[^/]+))?/generate(?P<stream>_stream)?$"),
    read=_read,
    speech=_GenerationStream,
    framing=ServerSentEvents,
    refusals=REFUSALS,
)
