"""An answer as it grows out of the events of a stream, or out of one body, in whatever dialect."""

from __future__ import annotations

from probe.facts.sample import Remark, Reported
from probe.facts.timeline import OutputChunk
from probe.providers.usage import TokenCounts
from probe.providers.values import whole_text

# What models put around their thoughts where no parser of the server's takes them out.
_THINK, _THOUGHT = "<think>", "</think>"

# `OutputChunk(…)` would cost twice as much, for every token there is.
_new = tuple.__new__


class Answer:
    """Mutable; takes pieces in order. Absent is None.

    Output is text, reasoning, a refusal or a tool call. An event with none of them (role only, empty or null
    content, usage) is no output and moves no instant. `id` is the provider's id of the answer, `envelope_id`
    one that its support prefers.
    """

    __slots__ = (
        "calls",
        "envelope_id",
        "finish_reason",
        "id",
        "model",
        "output",
        "reasoning",
        "remarks",
        "reported",
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
        self.usage: TokenCounts | None = None
        self.model: str | None = None
        self.id: str | None = None
        self.envelope_id: str | None = None
        self.system_fingerprint: str | None = None
        self.reported: Reported | None = None
        self.remarks: set[Remark] = set()

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

    def take_text(self, text: str, at_ns: int) -> None:
        """A piece of the answer that is not empty, which had arrived at `at_ns`."""
        self.text.append(text)
        self.output.append(_new(OutputChunk, (at_ns, len(text), True)))

    def take_reasoning(self, text: str, at_ns: int) -> None:
        if text:
            self.reasoning.append(text)
            self.output.append(_new(OutputChunk, (at_ns, len(text), False)))

    def part_thoughts(self) -> None:
        """Once all has come: what the model put into tags of thought at the start is reasoning, no answer."""
        if self.calls or not self.text or not "".join(self.text[:8]).lstrip().startswith(_THINK[:1]):
            return
        whole = "".join(self.text)
        if not whole.lstrip().startswith(_THINK):
            return
        end = whole.find(_THOUGHT)
        size = len(whole) if end < 0 else end + len(_THOUGHT)
        self.reasoning.append(whole[:size].lstrip().removeprefix(_THINK).removesuffix(_THOUGHT))
        self.text = [whole[size:]] if size < len(whole) else []
        at = 0
        for number, chunk in enumerate(self.output):
            at += chunk.characters if chunk.answer else 0
            if chunk.answer and at <= size:
                self.output[number] = chunk._replace(answer=False)

    def take_call(self, text: str, at_ns: int) -> None:
        """A piece of a tool call: its name, its arguments."""
        if text:
            self.calls.append(text)
            self.output.append(_new(OutputChunk, (at_ns, len(text), True)))
