"""OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses-streaming."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.simulator.answer import OutputPiece
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.framing import ServerSentEvents
from probe.simulator.refusals import OPENAI
from probe.simulator.request import Ask, Request
from probe.simulator.speech import Asked, Event, SimulatedApi, Spans, Speech, decode, encode, texts_tokens


class _ResponseRequest(msgspec.Struct, frozen=True):
    model: str
    input: str | list[dict[str, object]]
    instructions: str | None = None
    stream: bool | None = False
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None


def _read(request: Request, _found: re.Match[str]) -> Asked:
    sent = decode(request.body, _ResponseRequest)
    texts = [sent.input] if isinstance(sent.input, str) else [each.get("content") for each in sent.input]
    return Asked(
        model=sent.model,
        stream=bool(sent.stream),
        max_tokens=sent.max_output_tokens,
        prompt_tokens=texts_tokens([*texts, *([sent.instructions] if sent.instructions else ())]),
    )


class _Response(Speech):
    """Reasoning is told as a summary, an item before the message."""

    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        super().__init__(behaviour, ask)
        self._sequence = 0
        self._index = 0
        self._reasoning = self.tokens.reasoning > 0

    def opening(self) -> Iterator[Event]:
        yield self._event("response.created", response=self._response("in_progress"))
        yield self._event("response.in_progress", response=self._response("in_progress"))
        yield from self._begun()

    def output(self, piece: OutputPiece, /) -> list[Event]:
        events: list[Event] = []
        if piece.answer and self._reasoning:
            events += self._done()
            self._reasoning = False
            self._index += 1
            events += self._begun()
        kind = "reasoning_summary_text" if self._reasoning else "output_text"
        return [*events, self._event(f"response.{kind}.delta", **self._place(), delta=piece.text)]

    def ending(self, _spans: Spans, /) -> list[Event]:
        ended = self._whole()
        return [*self._done(), self._event(f"response.{ended['status']}", response=ended)]

    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        shown = {"code": error.code or error.type, "message": error.message}
        if named:
            return self._event("error", **shown, param=None)
        return self._event("response.failed", response={**self._response("failed"), "error": shown})

    def body(self, _spans: Spans, /) -> object:
        return self._whole()

    def sign_of_life(self) -> Event:
        return self._event("keepalive")

    def _event(self, kind: str, **fields: object) -> Event:
        data = encode({"type": kind, "sequence_number": self._sequence, **fields})
        self._sequence += 1
        return Event(kind, data)

    def _place(self) -> dict[str, object]:
        part = "summary_index" if self._reasoning else "content_index"
        return {"item_id": self._item_id(), "output_index": self._index, part: 0}

    def _item_id(self) -> str:
        return f"{'rs' if self._reasoning else 'msg'}_{self.ask.id}"

    def _begun(self) -> Iterator[Event]:
        item: dict[str, object] = {"id": self._item_id(), "type": "reasoning", "summary": []}
        part: dict[str, object] = {"type": "summary_text", "text": ""}
        kind = "reasoning_summary_part"
        if not self._reasoning:
            item = {**_message(self._item_id()), "status": "in_progress", "content": []}
            part, kind = {"type": "output_text", "annotations": [], "text": ""}, "content_part"
        yield self._event("response.output_item.added", output_index=self._index, item=item)
        yield self._event(f"response.{kind}.added", **self._place(), part=part)

    def _done(self) -> Iterator[Event]:
        """They repeat the text."""
        text = self.reasoning_text if self._reasoning else self.answer_text
        kinds = ("reasoning_summary_text", "reasoning_summary_part")
        if not self._reasoning:
            kinds = ("output_text", "content_part")
        yield self._event(f"response.{kinds[0]}.done", **self._place(), text=text)
        part = {"type": "summary_text" if self._reasoning else "output_text", "text": text}
        yield self._event(f"response.{kinds[1]}.done", **self._place(), part=part)
        item = self._items()[self._index]
        yield self._event("response.output_item.done", output_index=self._index, item=item)

    def _items(self) -> list[dict[str, object]]:
        items: list[dict[str, object]] = []
        if self.tokens.reasoning:
            summary = [{"type": "summary_text", "text": self.reasoning_text}]
            items.append({"id": f"rs_{self.ask.id}", "type": "reasoning", "summary": summary})
        content = [{"type": "output_text", "annotations": [], "text": self.answer_text}]
        return [*items, {**_message(f"msg_{self.ask.id}"), "status": "completed", "content": content}]

    def _whole(self) -> dict[str, object]:
        reason = self.finish("completed", "max_output_tokens")
        ended = reason in {"completed", "stop"}
        details = None if ended else {"reason": reason}
        whole = {**self._response("completed" if ended else "incomplete"), "incomplete_details": details}
        return {**whole, "output": self._items(), "usage": self._usage()}

    def _response(self, status: str) -> dict[str, object]:
        return {**_response(self.ask, self.model), "status": status}

    def _usage(self) -> dict[str, object] | None:
        counts = self.counts
        if counts is None:
            return None
        given = {"cached_tokens": counts.cached, "cache_write_tokens": counts.cache_write}
        return {
            "input_tokens": counts.input,
            "input_tokens_details": given,
            "output_tokens": counts.output,
            "output_tokens_details": {"reasoning_tokens": counts.reasoning},
            "total_tokens": counts.input + counts.output,
        }


def _message(item_id: str) -> dict[str, object]:
    return {"id": item_id, "type": "message", "role": "assistant"}


def _response(ask: Ask, model: str) -> dict[str, object]:
    named: dict[str, object] = {"id": ask.id, "object": "response", "created_at": ask.created_seconds}
    return {**named, "model": model, "store": False, "error": None, "output": [], "usage": None}


def _failed(error: ErrorAnswer, ask: Ask) -> object:
    shown = {"code": error.code or error.type, "message": error.message}
    return {**_response(ask, ask.model.partition("?")[0]), "status": "failed", "error": shown}


RESPONSES = SimulatedApi(
    path=re.compile(r"/responses$"),
    read=_read,
    speech=_Response,
    framing=ServerSentEvents,
    refusals=OPENAI,
    failed=_failed,
    id_form="resp_sim_{:08d}",
)
