"""Anthropic's messages, and Claude at Vertex AI: https://docs.claude.com/en/docs/build-with-claude/streaming."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.errors import ConfigError
from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.refusals import ANTHROPIC, GOOGLE, anthropic_error, google_error
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

_SIGNATURE = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}


class _MessageRequest(msgspec.Struct, frozen=True):
    messages: list[dict[str, object]]
    max_tokens: Annotated[int, Meta(ge=1)]
    model: str = ""
    system: object = None
    stream: bool | None = False
    anthropic_version: str | None = None

    def asked(self, model: str, *, stream: bool) -> Asked:
        texts = [message.get("content") for message in self.messages]
        prompt_tokens = texts_tokens([*texts, *([self.system] if self.system else ())])
        return Asked(model=model, stream=stream, max_tokens=self.max_tokens, prompt_tokens=prompt_tokens)


def _read(request: Request, _found: re.Match[str]) -> Asked:
    sent = decode(request.body, _MessageRequest)
    if request.header("anthropic-version") is None:
        raise ConfigError("anthropic-version: header is required")
    return sent.asked(sent.model, stream=bool(sent.stream))


def read_at_host(request: Request, found: re.Match[str]) -> Asked:
    """Other hosts want the model in the path, and the version in the body."""
    sent = decode(request.body, _MessageRequest)
    if not sent.anthropic_version:
        raise ConfigError("anthropic_version: Field required")
    if sent.model:
        raise ConfigError("model: Extra inputs are not permitted")
    return sent.asked(model_in(found), stream="stream" in found["call"])


def anthropic_failure(error: ErrorAnswer) -> Event:
    return Event("error", encode(anthropic_error(error)))


class MessageSpeech(Speech):
    """`failing` makes the failure of the host, Anthropic's own is the named one; `metered`: by Bedrock."""

    def __init__(
        self,
        behaviour: Behaviour,
        ask: Ask,
        *,
        failing: Callable[[ErrorAnswer], Event] = anthropic_failure,
        metered: bool = False,
    ) -> None:
        super().__init__(behaviour, ask)
        self._failing = failing
        self._metered = metered
        self._block = 0
        self._thinking = self.tokens.reasoning > 0

    def opening(self) -> Iterator[Event]:
        start = {**self._message(), "content": [], "stop_reason": None, "stop_sequence": None}
        if self.counts is not None:
            start["usage"] = {**self._usage(), "output_tokens": min(1, self.counts.output)}
        yield _event("message_start", message=start)
        yield self._started()
        yield _event("ping")

    def output(self, piece: OutputPiece, /) -> list[Event]:
        events = []
        if piece.answer and self._thinking:
            events = [self._delta(_SIGNATURE), self._stopped()]
            self._thinking = False
            self._block += 1
            events.append(self._started())
        kind = "thinking" if self._thinking else "text"
        return [*events, self._delta({"type": f"{kind}_delta", kind: piece.text})]

    def ending(self, spans: Spans, /) -> list[Event]:
        delta = {"stop_reason": self._stop_reason(), "stop_sequence": None}
        usage = {} if self.counts is None else {"usage": self._usage()}
        stop = _event("message_stop", **self._metrics(spans))
        return [self._stopped(), _event("message_delta", delta=delta, **usage), stop]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        return anthropic_failure(error) if named else self._failing(error)

    def body(self, _spans: Spans, /) -> object:
        content: list[dict[str, object]] = []
        if self.tokens.reasoning:
            content.append({"type": "thinking", "thinking": self.reasoning_text, "signature": "c2lt"})
        content.append({"type": "text", "text": self.answer_text})
        ended = {"stop_reason": self._stop_reason(), "stop_sequence": None}
        usage = {} if self.counts is None else {"usage": self._usage()}
        return {**self._message(), "content": content, **ended, **usage}

    def head(self, spans: Spans, /) -> Headers:
        if not self._metered or self.counts is None:
            return ()
        return (
            ("x-amzn-bedrock-invocation-latency", str(spans.last_ms)),
            ("x-amzn-bedrock-input-token-count", str(self.counts.uncached)),
            ("x-amzn-bedrock-output-token-count", str(self.counts.output)),
        )

    def sign_of_life(self) -> Event:
        return _event("ping")

    def _message(self) -> dict[str, object]:
        return {"id": self.ask.id, "type": "message", "role": "assistant", "model": self.model}

    def _stop_reason(self) -> str:
        return self.finish("end_turn", "max_tokens")

    def _started(self) -> Event:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        if not self._thinking:
            block = {"type": "text", "text": ""}
        return _event("content_block_start", index=self._block, content_block=block)

    def _delta(self, delta: dict[str, str]) -> Event:
        return _event("content_block_delta", index=self._block, delta=delta)

    def _stopped(self) -> Event:
        return _event("content_block_stop", index=self._block)

    def _usage(self) -> dict[str, object]:
        """Their `input_tokens` are those that no cache had anything to do with."""
        counts = self.counts
        assert counts is not None
        usage: dict[str, object] = {
            "input_tokens": counts.uncached,
            "cache_creation_input_tokens": counts.cache_write,
            "cache_read_input_tokens": counts.cached,
            "output_tokens": counts.output,
        }
        details = {"output_tokens_details": {"thinking_tokens": counts.reasoning}}
        return {**usage, **(details if counts.reasoning else {})}

    def _metrics(self, spans: Spans) -> dict[str, object]:
        """Bedrock's own figures of the invocation, in the last event."""
        if not self._metered or self.counts is None:
            return {}
        figures = {
            "inputTokenCount": self.counts.uncached,
            "outputTokenCount": self.counts.output,
            "invocationLatency": spans.last_ms,
            "firstByteLatency": spans.first_ms,
            "cacheReadInputTokenCount": self.counts.cached,
            "cacheWriteInputTokenCount": self.counts.cache_write,
        }
        return {"amazon-bedrock-invocationMetrics": figures}


def _event(kind: str, **fields: object) -> Event:
    return Event(kind, encode({"type": kind, **fields}))


MESSAGES = SimulatedApi(
    path=re.compile(r"/messages$"),
    read=_read,
    speech=MessageSpeech,
    framing=ServerSentEvents,
    refusals=ANTHROPIC,
    id_header="request-id",
    id_form="msg_sim_{:08d}",
)
VERTEX_CLAUDE = SimulatedApi(
    path=re.compile(r"/(?P<model>[^/:]+):(?P<call>rawPredict|streamRawPredict)$"),
    read=read_at_host,
    # What Google says in Claude's stream has no name.
    speech=partial(MessageSpeech, failing=lambda error: Event("", encode(google_error(error)))),
    framing=ServerSentEvents,
    refusals=GOOGLE,
    id_form="msg_vrtx_sim_{:08d}",
)
