"""Whether the answer reads as a refusal. Stock phrases change: never alone what has to hold."""

from typing import ClassVar

from pydantic import StrictBool

from probe.quality.evaluator import Settings
from probe.quality.refusals import is_refusal
from probe.quality.verdict import Dimension, Verdict, right, wrong


class RefusalSettings(Settings):
    """`expected: true` where to refuse is right."""

    main_field = "expected"
    expected: StrictBool = False


class Refusal:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "relevance"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = False
    settings: ClassVar[type[Settings]] = RefusalSettings

    def __init__(self, settings: RefusalSettings) -> None:
        self._expected = settings.expected

    def judge(self, answer: str) -> Verdict:
        if is_refusal(answer) == self._expected:
            return right()
        if self._expected:
            return wrong("missing", "no refusal")
        return wrong("refusal", "reads as a refusal")
