"""What an evaluator says of one answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

# Never averaged with each other: agreement with what is expected, an answer to what was asked, its form.
Dimension = Literal["accuracy", "relevance", "format"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

# Why an answer failed: what failures are grouped by.
FailureClass = Literal[
    "empty",
    "truncated",
    "refusal",
    "wrong_format",
    "wrong_value",
    "missing",
    "forbidden",
    "ambiguous",
    "off_topic",
    "wrong_language",
    "judged",
]
FAILURE_CLASSES: tuple[FailureClass, ...] = get_args(FailureClass)

# Why nothing can be said of an answer. None of these is the answer's fault.
UnscoredReason = Literal[
    "too_long",  # longer than an evaluator reads in its time
    "too_short",  # too little of it for a guess
    "not_kept",  # its text is not in the store, or not whole
    "evaluator_failed",  # a defect of the evaluator's own
]
UNSCORED_REASONS: tuple[UnscoredReason, ...] = get_args(UnscoredReason)

_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A score from 0 to 1, or why there is none; never both, and never a number for "could not tell".

    `failure` is the class of an answer that is not right in full, None of one that is. `reason` is one
    short text for a person, `details` the same for a program. `truncated`: the provider ended the answer at
    its bound of tokens.
    """

    score: float | None
    unscored: UnscoredReason | None = None
    failure: FailureClass | None = None
    reason: str = ""
    truncated: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.score is None) == (self.unscored is None):
            raise ValueError("a verdict is scored or unscored")
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError(f"a score is from 0 to 1, not {self.score}")
        if len(self.reason) > _LONGEST_REASON:
            object.__setattr__(self, "reason", self.reason[: _LONGEST_REASON - 1] + "…")

    def passed(self, threshold: float) -> bool | None:
        """None if it is unscored."""
        return None if self.score is None else self.score >= threshold


def right(reason: str = "", **details: Any) -> Verdict:
    return Verdict(score=1.0, reason=reason, details=details)


def wrong(failure: FailureClass, reason: str, *, score: float = 0.0, **details: Any) -> Verdict:
    return Verdict(score=score, failure=failure, reason=reason, details=details)


def unscored(why: UnscoredReason, reason: str = "") -> Verdict:
    return Verdict(score=None, unscored=why, reason=reason)


def quoted(text: str, longest: int = 60) -> str:
    """A short piece of an answer for a reason."""
    return f'"{text if len(text) <= longest else text[: longest - 1] + "…"}"'
