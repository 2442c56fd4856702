"""An answer as it grows out of the events of a stream, or out of one body, in whatever dialect."""

from __future__ import annotations

from typing import Literal

from probe.facts.sample import Remark, Reported
from probe.facts.timeline import OutputChunk
from probe.providers.usage import TokenCounts
from probe.providers.values import whole_text

# What models put around their thoughts where no parser of the server's takes them out.
_THINK, _THOUGHT = "<think>", "</think>"

# What a piece of output is of; "thought" is text that turned out to be none of the answer.
PieceKind = Literal["text", "reasoning", "thought", "call"]
_NO_ANSWER = ("reasoning", "thought")


class Answer:
    """Mutable; takes pieces in order. Absent is None.

    Output is text, reasoning, a refusal or a tool call. An event with none of them (role only, empty or null
    content, usage) is no output and moves no instant. `pieces` of it are none of them empty: when each had
    arrived, what it says and what it is of. `id` is the provider's id of the answer, `envelope_id` one that
    its support prefers.
    """

    __slots__ = (
        "_thought_size",
        "_thoughts",
        "envelope_id",
        "finish_reason",
        "id",
        "model",
        "pieces",
        "remarks",
        "reported",
        "system_fingerprint",
        "usage",
    )

    def __init__(self) -> None:
        self.pieces: list[tuple[int, str, PieceKind]] = []
        self.finish_reason: str | None = None
        self.usage: TokenCounts | None = None
        self.model: str | None = None
        self.id: str | None = None
        self.envelope_id: str | None = None
        self.system_fingerprint: str | None = None
        self.reported: Reported | None = None
        self.remarks: set[Remark] = set()
        # What stood between tags of thought, and how much of it is the beginning of the first piece of text.
        self._thoughts = ""
        self._thought_size = 0

    def whole(self, kind: PieceKind) -> str | None:
        """All that came of that kind, as every database can keep it; None if nothing did."""
        return whole_text(self._said(kind)) or None

    def _said(self, kind: PieceKind) -> str:
        said = "".join([text for _, text, of in self.pieces if of == kind])
        if kind == "text":
            return said[self._thought_size :]
        return said + self._thoughts if kind == "reasoning" else said

    @property
    def output(self) -> tuple[OutputChunk, ...]:
        return tuple([OutputChunk(at, len(text), of not in _NO_ANSWER) for at, text, of in self.pieces])

    @property
    def has_answer(self) -> bool:
        """There is more than reasoning."""
        return any(of not in _NO_ANSWER for _, _, of in self.pieces)

    @property
    def output_bytes(self) -> int:
        """The size of all output in UTF-8."""
        if self._thought_size:
            said = self._said("text") + self._said("reasoning") + self._said("call")
        else:
            said = "".join([text for _, text, _ in self.pieces])
        return len(said.encode("utf-8", "surrogatepass"))

    def take_text(self, text: str, at_ns: int) -> None:
        """A piece of the answer that is not empty, which had arrived at `at_ns`."""
        self.pieces.append((at_ns, text, "text"))

    def take_reasoning(self, text: str, at_ns: int) -> None:
        if text:
            self.pieces.append((at_ns, text, "reasoning"))

    def part_thoughts(self) -> None:
        """Once all has come: what the model put into tags of thought at the start is reasoning, no answer."""
        first = next((text for _, text, of in self.pieces if of == "text" and text.strip()), "")
        if not first.lstrip().startswith(_THINK[:1]):
            return
        said = self._said("text")
        if not said.lstrip().startswith(_THINK) or any(of == "call" for _, _, of in self.pieces):
            return
        end = said.find(_THOUGHT)
        size = len(said) if end < 0 else end + len(_THOUGHT)
        self._thoughts = said[:size].lstrip().removeprefix(_THINK).removesuffix(_THOUGHT)
        for number, (at_ns, text, of) in enumerate(self.pieces):
            if of == "text" and len(text) <= size:
                size -= len(text)
                self.pieces[number] = (at_ns, text, "thought")
            elif of == "text":
                break
        self._thought_size = size

    def take_call(self, text: str, at_ns: int) -> None:
        """A piece of a tool call: its name, its arguments."""
        if text:
            self.pieces.append((at_ns, text, "call"))
