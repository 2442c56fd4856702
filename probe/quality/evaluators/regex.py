"""A pattern that the answer has somewhere; its group `answer`, if there is one, is compared further."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from probe.quality.evaluator import Settings
from probe.quality.normal import Ignored, folded, normalised
from probe.quality.numbers import NumberMatcher, NumberSettings
from probe.quality.patterns import MOST_MATCHES, Pattern
from probe.quality.verdict import Dimension, Verdict, quoted, right, unscored, wrong

_GROUP = "answer"


class RegexSettings(Settings):
    """With a group `answer`: `which` of several matches counts, and what it is, `equals` or `number`."""

    main_field = "pattern"
    expected_field = "equals"
    pattern: Annotated[str, Field(min_length=1)]
    which: Literal["only", "first", "last"] | None = None
    equals: str | None = None
    number: NumberSettings | None = None
    ignore: tuple[Ignored, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.equals is not None and self.number is not None:
            raise ValueError("give either equals or number")
        return self


class Regex:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "accuracy"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = RegexSettings

    def __init__(self, settings: RegexSettings) -> None:
        self._pattern = Pattern(settings.pattern)
        self._settings = settings
        self._group = _GROUP if _GROUP in self._pattern.groups else None
        self._number = NumberMatcher(settings.number) if settings.number else None
        self._expected = None if settings.equals is None else self._folded(normalised(settings.equals))
        if self._group is None:
            if self._number or settings.which:
                raise ValueError("pattern: has no group (?P<answer>…) to compare")
        elif settings.which is None:
            raise ValueError("which: say which match counts: only, first or last")
        elif self._number is None and not self._expected:
            raise ValueError("equals: say what the group is, equals or number")

    def _folded(self, text: str) -> str:
        return folded(text, self._settings.ignore)

    def judge(self, answer: str) -> Verdict:
        if self._pattern.too_long(answer):
            return unscored("too_long", f"{len(answer)} characters")
        found = self._pattern.found(answer, self._group)
        first = next(found, None)
        if first is None:
            return wrong("missing", f"nothing like {quoted(self._settings.pattern)}")
        if self._group is None:
            return right(quoted(first))
        text = first
        if self._settings.which != "first":
            rest = list(found)
            if len(rest) >= MOST_MATCHES:
                return wrong("ambiguous", f"more than {MOST_MATCHES} matches")
            other = next((each for each in rest if self._folded(each) != self._folded(first)), None)
            if self._settings.which == "only" and other is not None:
                return wrong("ambiguous", f"{quoted(first)} and {quoted(other)}")
            text = rest[-1] if rest else first
        if self._number is not None:
            return self._number.judge(normalised(text))
        if self._folded(normalised(text)) == self._expected:
            return right()
        return wrong("wrong_value", f"{quoted(text)} is not {quoted(self._settings.equals or '')}")
