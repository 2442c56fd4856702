"""How long the answer is."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, StrictInt, model_validator

from probe.quality.evaluator import Settings
from probe.quality.verdict import Dimension, Verdict, right, wrong
from probe.quality.words import Bounds, count_sentences, count_words, paragraphs

_Bounds = Bounds | Annotated[StrictInt, Field(ge=0)]


class LengthSettings(Settings):
    """Each an exact number, or `min` and `max`."""

    characters: _Bounds | None = None
    words: _Bounds | None = None
    sentences: _Bounds | None = None
    paragraphs: _Bounds | None = None
    lines: _Bounds | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("bounds nothing; give characters, words, sentences, paragraphs or lines")
        return self


_COUNTS: Final[Mapping[str, Callable[[str], int]]] = {
    "characters": len,
    "words": count_words,
    "sentences": count_sentences,
    "paragraphs": lambda text: len(paragraphs(text)),
    "lines": lambda text: sum(1 for line in text.split("\n") if line.strip()),
}


class Length:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "format"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = LengthSettings

    def __init__(self, settings: LengthSettings) -> None:
        self._bounds = {unit: Bounds.of(getattr(settings, unit)) for unit in _COUNTS}

    def judge(self, answer: str) -> Verdict:
        for unit, bounds in self._bounds.items():
            if bounds is None:
                continue
            count = _COUNTS[unit](answer)
            if count not in bounds:
                return wrong("wrong_format", f"{count} {unit}, not {bounds}")
        return right()
