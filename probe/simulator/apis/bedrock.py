"""Bedrock: Converse, and Claude by InvokeModel, both in frames.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.simulator.answer import OutputPiece
from probe.simulator.apis.anthropic import MessageSpeech, read_at_host
from probe.simulator.behaviour import Behaviour
from probe.simulator.eventstream import ChunkFrames, Frames
from probe.simulator.faults import ErrorAnswer
from probe.simulator.refusals import AWS, aws_name, aws_name_in_streams
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


class _Block(msgspec.Struct, frozen=True):
    text: str = ""


class _Message(msgspec.Struct, frozen=True):
    content: list[_Block]


class _Config(msgspec.Struct, frozen=True, rename="camel"):
    max_tokens: Annotated[int, Meta(ge=1)] | None = None


class _ConverseRequest(msgspec.Struct, frozen=True, rename="camel"):
    messages: list[_Message]
    system: list[_Block] = []
    inference_config: _Config = _Config()


def _read(request: Request, found: re.Match[str]) -> Asked:
    sent = decode(request.body, _ConverseRequest)
    blocks = [*sent.system, *(block for message in sent.messages for block in message.content)]
    return Asked(
        model=model_in(found),
        stream=found["call"] == "converse-stream",
        max_tokens=sent.inference_config.max_tokens,
        prompt_tokens=texts_tokens(block.text for block in blocks),
    )


class _Converse(Speech):
    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(behaviour, ask)
        self._block = 0
        self._reasoning = self.tokens.reasoning > 0

    def opening(self) -> Iterator[Event]:
        yield _event("messageStart", role="assistant")

    def output(self, piece: OutputPiece, /) -> list[Event]:
        events = []
        if piece.answer and self._reasoning:
            events = [self._delta({"reasoningContent": {"signature": "c2ltdWxhdGVk"}}), self._stopped()]
            self._reasoning = False
            self._block += 1
        text: dict[str, object] = {"text": piece.text}
        return [*events, self._delta({"reasoningContent": text} if self._reasoning else text)]

    def ending(self, spans: Spans, /) -> list[Event]:
        stop = _event("messageStop", stopReason=self._stop_reason())
        return [self._stopped(), stop, _event("metadata", **self._figures(spans))]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        return _failure(error, named=named)

    def body(self, spans: Spans, /) -> object:
        content: list[dict[str, object]] = []
        if self.tokens.reasoning:
            reasoning = {"text": self.reasoning_text, "signature": "c2ltdWxhdGVk"}
            content.append({"reasoningContent": {"reasoningText": reasoning}})
        message = {"role": "assistant", "content": [*content, {"text": self.answer_text}]}
        ended = {"stopReason": self._stop_reason(), **self._figures(spans)}
        return {"output": {"message": message}, **ended}

    def _stop_reason(self) -> str:
        return self.finish("end_turn", "max_tokens")

    def _delta(self, delta: dict[str, object]) -> Event:
        return _event("contentBlockDelta", contentBlockIndex=self._block, delta=delta, p="abcdefgh")

    def _stopped(self) -> Event:
        return _event("contentBlockStop", contentBlockIndex=self._block)

    def _figures(self, spans: Spans) -> dict[str, object]:
        """Their `inputTokens` are those that no cache had anything to do with."""
        metrics: dict[str, object] = {"metrics": {"latencyMs": spans.last_ms}}
        counts = self.counts
        if counts is None:
            return metrics
        usage = {
            "inputTokens": counts.uncached,
            "outputTokens": counts.output,
            "totalTokens": counts.input + counts.output,
            "cacheReadInputTokens": counts.cached,
            "cacheWriteInputTokens": counts.cache_write,
        }
        return {"usage": usage, **metrics}


def _event(kind: str, **fields: object) -> Event:
    return Event(kind, encode(fields))


def _failure(error: ErrorAnswer, *, named: bool) -> Event:
    """An exception; or an error, which has no payload."""
    if named:
        return Event(f"!!{aws_name(error)}", error.message.encode())
    return Event(f"!{aws_name_in_streams(error)}", encode({"message": error.message}))


_MODEL = r"/model/(?P<model>[^/]+)"
CONVERSE = SimulatedApi(
    path=re.compile(_MODEL + r"/(?P<call>converse|converse-stream)$"),
    read=_read,
    speech=_Converse,
    framing=Frames,
    refusals=AWS,
    id_header="x-amzn-requestid",
)
INVOKE_CLAUDE = SimulatedApi(
    path=re.compile(_MODEL + r"/(?P<call>invoke|invoke-with-response-stream)$"),
    read=read_at_host,
    speech=partial(MessageSpeech, failing=partial(_failure, named=False), metered=True),
    framing=ChunkFrames,
    refusals=AWS,
    id_header="x-amzn-requestid",
    id_form="msg_bdrk_sim_{:08d}",
)
