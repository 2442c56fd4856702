"""What a simulated model says: deterministic words, dealt out to chunks."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from probe.simulator.behaviour import Behaviour

# With multi-byte words among them, so that a stream has UTF-8 sequences to be cut.
_ANSWER = (
    "A probe walks in like any other customer, asks a plain question and looks at the clock. "
    "The café opens at eight, the naïve guest orders über-strong tea, and 東京 time is nine hours ahead. "
    "Every word of this answer is one token 🚀 and each of them leaves at a known instant."
)
_REASONING = (
    "First the question is read twice, then the résumé of known facts is weighed, step by step, "
    "until nothing 不明 remains."
)
ANSWER_WORDS = _ANSWER.split()
REASONING_WORDS = _REASONING.split()


class OutputPiece(NamedTuple):
    """One event's worth of output. `last` where no output follows."""

    text: str
    tokens: int
    answer: bool  # False: reasoning
    last: bool


class Budget(NamedTuple):
    """How many tokens an answer has; `cut` where max_tokens ended it."""

    reasoning: int
    answer: int
    cut: bool


def budget(behaviour: Behaviour, max_tokens: int | None) -> Budget:
    """Reasoning is served first: a small max_tokens can be eaten by it."""
    wanted = behaviour.tokens if behaviour.text is None else len(_pieces(behaviour.text))
    if max_tokens is None:
        return Budget(behaviour.reasoning_tokens, wanted, False)
    reasoning = min(behaviour.reasoning_tokens, max_tokens)
    answer = min(wanted, max_tokens - reasoning)
    return Budget(reasoning, answer, reasoning + answer < behaviour.reasoning_tokens + wanted)


def chunks(behaviour: Behaviour, tokens: Budget) -> Iterator[OutputPiece]:
    """The output in the order of the stream; without end where the fault is `endless`."""
    size = behaviour.tokens_per_chunk
    for at in range(0, tokens.reasoning, size):
        count = min(size, tokens.reasoning - at)
        last = tokens.answer == 0 and at + count == tokens.reasoning
        yield OutputPiece(_stock(REASONING_WORDS, at, count), count, False, last)
    if behaviour.fault == "endless":
        yield from _endless(size)
    pieces = None if behaviour.text is None else _pieces(behaviour.text)
    for at in range(0, tokens.answer, size):
        count = min(size, tokens.answer - at)
        text = _stock(ANSWER_WORDS, at, count) if pieces is None else "".join(pieces[at : at + count])
        yield OutputPiece(text, count, True, at + count == tokens.answer)


def whole(behaviour: Behaviour, tokens: Budget, kind: Literal["answer", "reasoning"]) -> str:
    """The full text of one kind, as a reader of the stream must put it together."""
    if kind == "reasoning":
        return _stock(REASONING_WORDS, 0, tokens.reasoning)
    if behaviour.text is not None:
        return "".join(_pieces(behaviour.text)[: tokens.answer])
    return _stock(ANSWER_WORDS, 0, tokens.answer)


def _endless(size: int) -> Iterator[OutputPiece]:
    at = 0
    while True:
        yield OutputPiece(_stock(ANSWER_WORDS, at, size), size, True, False)
        at += size


def _stock(words: list[str], start: int, count: int) -> str:
    """Words `start` to `start + count` of an unending text; every word but the first brings its space."""
    text = " ".join([words[index % len(words)] for index in range(start, start + count)])
    return text if start == 0 or count == 0 else " " + text


def _pieces(text: str) -> list[str]:
    """The words of a text with the white space around them: joined they give the text."""
    return re.findall(r"\s*\S+(?:\s+$)?|\s+$", text)
