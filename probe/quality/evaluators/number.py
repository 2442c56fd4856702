"""The number that the answer names, by its exact value."""

from typing import ClassVar

from probe.quality.evaluator import Settings
from probe.quality.numbers import NumberMatcher, NumberSettings
from probe.quality.verdict import Dimension, Verdict


class NumberEvaluatorSettings(NumberSettings, Settings):
    main_field = "equals"
    expected_field = "equals"


class NumberEvaluator:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "accuracy"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = NumberEvaluatorSettings

    def __init__(self, settings: NumberEvaluatorSettings) -> None:
        self._matcher = NumberMatcher(settings)

    def judge(self, answer: str) -> Verdict:
        return self._matcher.judge(answer)
