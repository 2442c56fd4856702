"""The events of a stream, or one message, into an answer.

https://docs.claude.com/en/docs/build-with-claude/streaming: every event has a name and, in its data, a `type`
of the same name; types that are not known are to be passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from probe.providers.answer import Answer
from probe.providers.anthropic.delta import decode_delta
from probe.providers.anthropic.usage import Counted
from probe.providers.failures import error_object, failed
from probe.providers.reading import Trouble
from probe.providers.values import decode_object, items, label, mapping, text, written

# Where a delta has its text.
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_DELTA = b"content_block_delta"

# What some proxies end any stream with.
_DONE = b"[DONE]"


class MessagesListener:
    """A `Listener`. `message_stop` ends a stream."""

    __slots__ = ("_answer", "_counted", "ended")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._counted = Counted()
        self.ended = False

    def event(self, data: bytes, name: bytes, at_ns: int, /) -> Trouble:
        if not data.startswith(b"{") and data.strip() in (_DONE, b""):
            return None
        if name == _DELTA and not self.ended and (delta := decode_delta(data)) is not None:
            self._take_delta(delta.type, delta.text or delta.thinking or delta.partial_json, at_ns)
            return None
        event = decode_object(data)
        kind = event.get("type") or name.decode("latin-1")
        if kind == "content_block_delta" and not self.ended:
            self._take_loose_delta(mapping(event.get("delta")), at_ns)
            return None
        if kind == "error" or (event.get("error") and kind != "ping"):
            return error_object(event)
        if kind == "message_start":
            self._take_head(mapping(event.get("message")), at_ns)
        elif kind == "content_block_start" and not self.ended:
            self._take_block(mapping(event.get("content_block")), at_ns)
        elif kind == "message_delta":
            self._take_stop(mapping(event.get("delta")))
            self._take_usage(event.get("usage"))
        elif kind == "message_stop":
            self.ended = True
        elif self.ended and kind.startswith("content_block"):
            raise ValueError("it follows message_stop")
        return None

    def close(self) -> None:
        """Every event was read for what it says."""

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        message = decode_object(data)
        if message.get("type") == "error" or message.get("error"):
            return error_object(message)
        if not isinstance(message.get("content"), list):
            return failed("malformed", "no content in the answer")
        self._take_head(message, at_ns)
        self._take_stop(message)
        self._take_usage(message.get("usage"))
        return None

    def _take_head(self, message: Mapping[str, Any], at_ns: int) -> None:
        self._answer.id = label(message.get("id"))
        self._answer.model = label(message.get("model"))
        for block in items(message.get("content")):
            self._take_block(block, at_ns)
        self._take_usage(message.get("usage"), final=False)

    def _take_block(self, block: Mapping[str, Any], at_ns: int) -> None:
        """A block as it starts in a stream, mostly empty, or whole. Encrypted thinking is for no reader."""
        kind = block.get("type")
        if kind == "text" and (found := text(block.get("text"))):
            self._answer.take_text(found, at_ns)
        elif kind == "thinking" and (found := text(block.get("thinking"))):
            self._answer.take_reasoning(found, at_ns)
        elif kind in ("tool_use", "server_tool_use"):
            arguments = block.get("input")
            name = text(block.get("name")) or ""
            self._answer.take_call(name + (written(arguments) if arguments else ""), at_ns)

    def _take_loose_delta(self, delta: Mapping[str, Any], at_ns: int) -> None:
        kind = delta.get("type")
        field = _TEXTS.get(kind) if isinstance(kind, str) else None
        if isinstance(kind, str) and field is not None:
            self._take_delta(kind, text(delta.get(field)) or "", at_ns)

    def _take_delta(self, kind: str, piece: str, at_ns: int) -> None:
        """A piece of text, thinking or a call. A signature is none of them, nor is what is not known."""
        if not piece:
            return
        if kind == "text_delta":
            self._answer.take_text(piece, at_ns)
        elif kind == "thinking_delta":
            self._answer.take_reasoning(piece, at_ns)
        elif kind == "input_json_delta":
            self._answer.take_call(piece, at_ns)

    def _take_stop(self, said: Mapping[str, Any]) -> None:
        self._answer.finish_reason = label(said.get("stop_reason")) or self._answer.finish_reason

    def _take_usage(self, usage: object, *, final: bool = True) -> None:
        self._counted.take(usage, final=final)
        self._answer.usage = self._counted.counts
