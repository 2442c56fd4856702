"""How one request gets to a server: the same over HTTP and gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from google.protobuf.message import Message

Signal = Literal["traces", "metrics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success. `rejected` spans or points were not taken, and `message` says why, or warns."""

    rejected: int = 0
    message: str = ""


class Sender(Protocol):
    """Blocking, one request at a time and each once: whoever calls decides when to ask again."""

    def send(self, signal: Signal, request: Message, /) -> Answer:
        """Raises ExportError."""
        ...

    def close(self) -> None: ...


def answer_of(signal: Signal, response: Message) -> Answer:
    """What a response of either signal says of a part that was not taken."""
    partial: Any = getattr(response, "partial_success")  # noqa: B009  both responses have it
    rejected = partial.rejected_spans if signal == "traces" else partial.rejected_data_points
    return Answer(rejected=rejected, message=partial.error_message)
