"""Texts that stand in the answer, or must not: as words, unless `anywhere`.

None of them sees a negation: "not 30 days" contains "30 days". Say what must not be there beside what must.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool

from probe.quality.evaluator import Settings
from probe.quality.normal import Ignored, folded, normalised
from probe.quality.verdict import Dimension, Verdict, quoted, right, wrong
from probe.quality.words import Needle


class _Common(Settings):
    ignore: tuple[Ignored, ...] = ()
    anywhere: StrictBool = False


class OneText(_Common):
    main_field = "text"
    expected_field = "text"
    text: str


class SeveralTexts(_Common):
    main_field = "texts"
    texts: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]


class SomeTexts(_Common):
    main_field = "texts"
    texts: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]


class _Contains:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "accuracy"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True

    def __init__(self, settings: _Common, texts: Sequence[str]) -> None:
        self._ignore = frozenset(settings.ignore)
        self._needles = [Needle(normalised(text), self._ignore, anywhere=settings.anywhere) for text in texts]

    def _absent(self, answer: str) -> list[str]:
        text = folded(answer, self._ignore)
        return [needle.text for needle in self._needles if not needle.is_in(text)]


class Contains(_Contains):
    settings: ClassVar[type[Settings]] = OneText

    def __init__(self, settings: OneText) -> None:
        super().__init__(settings, [settings.text])

    def judge(self, answer: str) -> Verdict:
        absent = self._absent(answer)
        return wrong("missing", f"no {quoted(absent[0])}") if absent else right()


class ContainsAll(_Contains):
    """The score is the share of the texts that are there."""

    settings: ClassVar[type[Settings]] = SeveralTexts

    def __init__(self, settings: SeveralTexts) -> None:
        super().__init__(settings, settings.texts)

    def judge(self, answer: str) -> Verdict:
        absent = self._absent(answer)
        if not absent:
            return right()
        share = 1 - len(absent) / len(self._needles)
        return wrong("missing", f"no {', '.join(map(quoted, absent[:10]))}", score=share)


class ContainsAny(_Contains):
    settings: ClassVar[type[Settings]] = SeveralTexts

    def __init__(self, settings: SeveralTexts) -> None:
        super().__init__(settings, settings.texts)

    def judge(self, answer: str) -> Verdict:
        absent = self._absent(answer)
        if len(absent) < len(self._needles):
            return right()
        return wrong("missing", f"none of {', '.join(map(quoted, absent[:10]))}")


class NotContains(_Contains):
    """A path of its own, not the opposite of another: an answer that is empty passes neither."""

    settings: ClassVar[type[Settings]] = SomeTexts

    def __init__(self, settings: SomeTexts) -> None:
        super().__init__(settings, [settings.texts] if isinstance(settings.texts, str) else settings.texts)

    def judge(self, answer: str) -> Verdict:
        text = folded(answer, self._ignore)
        there = [needle.text for needle in self._needles if needle.is_in(text)]
        return wrong("forbidden", ", ".join(map(quoted, there[:10]))) if there else right()
