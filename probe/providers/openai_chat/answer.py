"""An answer as it grows out of the events of a stream, or out of one body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probe.providers.openai_chat.chunk import Chunk, Delta, TokenUsage, ToolCall, whole_text
from probe.providers.openai_chat.usage import counted_usage
from probe.timeline import OutputChunk

# `OutputChunk(…)` would cost twice as much, for every token there is.
_new = tuple.__new__


class Answer:
    """Mutable; takes chunks in order. Absent is None.

    Output is text, reasoning, a refusal or a tool call. A chunk with none of them (role only, empty or
    null content, usage) is no output and moves no instant.
    """

    __slots__ = (
        "calls",
        "envelope_id",
        "finish_reason",
        "id",
        "model",
        "output",
        "reasoning",
        "system_fingerprint",
        "text",
        "usage",
    )

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: list[str] = []
        self.output: list[OutputChunk] = []
        self.finish_reason: str | None = None
        self.usage: TokenUsage | None = None
        self.model: str | None = None
        self.id: str | None = None
        self.envelope_id: str | None = None
        self.system_fingerprint: str | None = None

    @property
    def whole_text(self) -> str | None:
        return whole_text("".join(self.text)) if self.text else None

    @property
    def whole_reasoning(self) -> str | None:
        return whole_text("".join(self.reasoning)) if self.reasoning else None

    @property
    def has_answer(self) -> bool:
        """There is more than reasoning."""
        return bool(self.text or self.calls)

    @property
    def output_bytes(self) -> int:
        """The size of all output in UTF-8."""
        pieces = (*self.text, *self.reasoning, *self.calls)
        return len("".join(pieces).encode("utf-8", "surrogatepass"))

    def take(self, chunk: Chunk, at_ns: int) -> None:
        """One event, or a whole body, which had arrived at `at_ns`."""
        if self.model is None:
            self.model = chunk.model or None
        if self.id is None:
            self.id = chunk.id or None
        if chunk.system_fingerprint:
            self.system_fingerprint = chunk.system_fingerprint
        for choice in chunk.choices or ():
            if choice.finish_reason:
                self.finish_reason = choice.finish_reason
            delta = choice.delta or choice.message
            if delta is not None:
                self._take_delta(delta, at_ns)
            elif choice.text:
                self._take_text(choice.text, at_ns)
        # Some servers count along in every chunk: the last count is the whole one.
        self.usage = counted_usage(chunk) or self.usage
        if chunk.x_groq is not None:
            self.envelope_id = self.envelope_id or chunk.x_groq.id

    def _take_delta(self, delta: Delta, at_ns: int) -> None:
        reasoning = delta.reasoning or delta.reasoning_content
        if reasoning or delta.reasoning_details:
            self._take_reasoning(reasoning or _details_text(delta.reasoning_details), at_ns)
        if delta.content:
            self._take_text(delta.content, at_ns)
        if delta.refusal:
            self._take_text(delta.refusal, at_ns)
        if delta.tool_calls or delta.function_call is not None:
            self._take_call(_call_text(delta), at_ns)

    def _take_text(self, text: str, at_ns: int) -> None:
        self.text.append(text)
        self.output.append(_new(OutputChunk, (at_ns, len(text), True)))

    def _take_reasoning(self, text: str, at_ns: int) -> None:
        if text:
            self.reasoning.append(text)
            self.output.append(OutputChunk(at_ns, len(text), False))

    def _take_call(self, text: str, at_ns: int) -> None:
        if text:
            self.calls.append(text)
            self.output.append(OutputChunk(at_ns, len(text), True))


def _details_text(details: Sequence[dict[str, Any]] | None) -> str:
    """OpenRouter's typed reasoning; an encrypted part is for the next request, not for a reader."""
    texts = (detail.get("text") or detail.get("summary") for detail in details or ())
    return "".join(text for text in texts if isinstance(text, str))


def _call_text(delta: Delta) -> str:
    calls = list(delta.tool_calls or ())
    if delta.function_call is not None:
        calls.append(ToolCall(function=delta.function_call))
    functions = (call.function for call in calls)
    return "".join((function.name or "") + (function.arguments or "") for function in functions if function)
