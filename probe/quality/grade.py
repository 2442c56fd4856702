"""From an answer to a verdict, and from the verdicts of a case to whether it passed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from probe.quality.expectation import Expectation
from probe.quality.normal import answer_of
from probe.quality.refusals import is_refusal
from probe.quality.verdict import DIMENSIONS, Dimension, FailureClass, Verdict, unscored, wrong

# Longer answers take longer to look through than there is time.
MOST_CHARACTERS: Final = 65_536

# What an answer that broke off, or that is none, fails by as a matter of course.
_CONSEQUENCES: Final[frozenset[FailureClass]] = frozenset(
    {"missing", "wrong_format", "wrong_value", "ambiguous", "off_topic"}
)


def evaluate(expectations: Sequence[Expectation], text: str, *, truncated: bool) -> list[Verdict]:
    """One verdict for each, in order. `text` is as the provider sent it; never raises."""
    if len(text) > MOST_CHARACTERS:
        return [unscored("too_long", f"{len(text)} characters") for _ in expectations]
    answer = answer_of(text)
    refused = bool(answer) and is_refusal(answer)
    return [
        replace(_classed(_judged(each, answer), truncated, refused), truncated=truncated)
        for each in expectations
    ]


def _judged(expectation: Expectation, answer: str) -> Verdict:
    if not answer:
        return wrong("empty", "no answer")
    try:
        return expectation.build().judge(answer)
    except Exception as exc:  # noqa: BLE001  a defect, perhaps of a plug-in, is not the answer's fault
        return unscored("evaluator_failed", f"{type(exc).__name__}: {exc}")


def _classed(verdict: Verdict, truncated: bool, refused: bool) -> Verdict:
    """Why it failed, if the answer's ending or a refusal is the reason for the rest."""
    if truncated and (verdict.failure in _CONSEQUENCES or verdict.failure == "empty"):
        return replace(verdict, failure="truncated")
    if refused and verdict.failure in _CONSEQUENCES:
        return replace(verdict, failure="refusal")
    return verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """`scores` are means by weight of what is scored, by dimension. `passed` is None where something that
    must hold is unscored.
    """

    scores: dict[Dimension, float]
    passed: bool | None


def combine(verdicts: Sequence[tuple[Expectation, Verdict]]) -> CaseScore:
    scores: dict[Dimension, float] = {}
    for dimension in DIMENSIONS:
        scored = [
            (expectation.weight, verdict.score)
            for expectation, verdict in verdicts
            if expectation.dimension == dimension and verdict.score is not None
        ]
        if scored:
            scores[dimension] = sum(weight * score for weight, score in scored) / sum(
                weight for weight, _ in scored
            )
    musts = [verdict.passed(expectation.threshold) for expectation, verdict in verdicts if expectation.must]
    passed = None if None in musts or not musts else all(musts)
    return CaseScore(scores=scores, passed=passed)
