"""The language of the answer: a guess by its script and its commonest words."""

from typing import Annotated, ClassVar

from pydantic import Field

from probe.quality.evaluator import Settings
from probe.quality.languages import LANGUAGES, guess
from probe.quality.verdict import Dimension, Verdict, right, unscored, wrong


class LanguageSettings(Settings):
    """`codes` is a language's code, such as `fr`, or several of which one will do."""

    main_field = "codes"
    codes: str | Annotated[tuple[str, ...], Field(min_length=1)]


class Language:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "relevance"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = LanguageSettings

    def __init__(self, settings: LanguageSettings) -> None:
        self._codes = frozenset((settings.codes,) if isinstance(settings.codes, str) else settings.codes)
        if unknown := sorted(self._codes - LANGUAGES):
            raise ValueError(
                f"codes: {unknown[0]!r} is not told from others; there is {', '.join(sorted(LANGUAGES))}"
            )

    def judge(self, answer: str) -> Verdict:
        code = guess(answer)
        if code is None:
            return unscored("too_short", "too little to tell its language")
        if code in self._codes:
            return right(code)
        return wrong("wrong_language", f"{code}, not {' or '.join(sorted(self._codes))}")
