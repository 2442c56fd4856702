"""What is written when: the vocabulary of an answer's plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

Cut = Literal["close", "reset"]


class Step(NamedTuple):
    """One write, that many nanoseconds after the request had arrived.

    `tokens` are the output tokens whose events this write completes, `answer_tokens` those of them that are
    no reasoning. `cut` ends the connection there and then; such a step writes nothing.
    """

    at_ns: int
    data: bytes
    tokens: int = 0
    answer_tokens: int = 0
    cut: Cut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """An answer: its status, its writes in order, and whether the connection lives on after the last.

    There is at least one step, and they are made as they are asked for: an answer may be endless. `status` is
    None where no head is sent. `fault` is the one that struck this request.
    """

    status: int | None
    steps: Iterator[Step]
    keep_alive: bool
    fault: str | None = None
