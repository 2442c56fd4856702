"""The answer is the expected text, in full."""

from typing import Annotated, ClassVar

from pydantic import Field

from probe.quality.evaluator import Settings
from probe.quality.normal import Ignored, folded, normalised
from probe.quality.verdict import Dimension, Verdict, quoted, right, wrong

Texts = str | Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)]


class ExactSettings(Settings):
    """`equals` is one text or several, of which one will do. Nothing is ignored unless `ignore` says so."""

    main_field = "equals"
    expected_field = "equals"
    equals: Texts
    ignore: tuple[Ignored, ...] = ()


class Exact:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "accuracy"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = ExactSettings

    def __init__(self, settings: ExactSettings) -> None:
        self._ignore = frozenset(settings.ignore)
        texts = (settings.equals,) if isinstance(settings.equals, str) else settings.equals
        self._expected = {folded(normalised(text), self._ignore): text for text in texts}
        if "" in self._expected:
            raise ValueError(f"equals: {self._expected['']!r} is empty once it is normalised")

    def judge(self, answer: str) -> Verdict:
        if folded(answer, self._ignore) in self._expected:
            return right()
        return wrong("wrong_value", f"{quoted(answer)} is not {quoted(next(iter(self._expected.values())))}")
