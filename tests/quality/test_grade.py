"""From an answer to verdicts, and from those to whether a case passed."""

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any, ClassVar

import pytest

from probe.quality import registry
from probe.quality.evaluator import Settings
from probe.quality.expectation import Expectation, expectation
from probe.quality.grade import MOST_CHARACTERS, combine, evaluate
from probe.quality.verdict import Dimension, FailureClass, Verdict, right, unscored, wrong


def one(name: str, given: Any, text: str, *, truncated: bool = False) -> Verdict:
    (verdict,) = evaluate([expectation(name, given, None)], text, truncated=truncated)
    return verdict


@pytest.mark.parametrize(
    ("name", "given", "text", "failure"),
    [
        ("exact", "x", "y", "truncated"),
        ("json", None, '{"a":', "truncated"),
        ("exact", "x", "<think>it is", "truncated"),
        ("not_contains", "y", "y", "forbidden"),
        ("language", "fr", "This is the end of the story and it was good.", "wrong_language"),
    ],
)
def test_an_answer_that_broke_off_fails_by_that(
    name: str, given: Any, text: str, failure: FailureClass
) -> None:
    verdict = one(name, given, text, truncated=True)
    assert (verdict.score, verdict.failure, verdict.truncated) == (0, failure, True)
    assert one(name, given, text).failure != "truncated"


def test_what_is_right_is_right_though_it_broke_off() -> None:
    verdict = one("contains", "x", "x and", truncated=True)
    assert (verdict.score, verdict.failure, verdict.truncated) == (1, None, True)


def test_what_is_longer_than_is_read_is_unscored() -> None:
    verdict = one("exact", "x", "x" * (MOST_CHARACTERS + 1))
    assert (verdict.score, verdict.unscored) == (None, "too_long")


def test_a_verdict_is_scored_or_unscored() -> None:
    with pytest.raises(ValueError, match="scored or unscored"):
        Verdict(score=None)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Verdict(score=float("nan"))
    assert len(wrong("missing", "x" * 5000).reason) == 2000


def _expecting(weight: float = 1.0, *, must: bool = True, dimension: Dimension = "accuracy") -> Expectation:
    return expectation(
        "contains", {"text": "x", "weight": weight, "must": must, "dimension": dimension}, None
    )


def test_a_case_scores_by_weight_within_a_dimension() -> None:
    score = combine(
        [
            (_expecting(3.0), right()),
            (_expecting(1.0), wrong("missing", "")),
            (_expecting(1.0), unscored("too_long")),
            (_expecting(dimension="format"), wrong("wrong_format", "", score=0.5)),
        ]
    )
    assert score.scores == {"accuracy": 0.75, "format": 0.5}
    assert score.passed is None


def test_a_case_passes_if_all_that_must_hold_does() -> None:
    assert combine([(_expecting(), right()), (_expecting(must=False), wrong("missing", ""))]).passed is True
    assert combine([(_expecting(), right()), (_expecting(), wrong("missing", ""))]).passed is False
    assert combine([(_expecting(must=False), right())]).passed is None


class Shouting:
    """An evaluator of another package."""

    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "format"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = Settings

    def __init__(self, settings: Settings) -> None:
        pass

    def judge(self, answer: str) -> Verdict:
        if answer == "break":
            raise RuntimeError("a defect")
        return right() if answer.isupper() else wrong("wrong_format", "not loud")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        EntryPoint(name, f"tests.quality.test_grade:{value}", registry.GROUP)
        for name, value in (("shouting", "Shouting"), ("nonsense", "one"), ("gone", "Gone"))
    )
    monkeypatch.setattr(registry, "entry_points", points.select)
    registry.evaluator_names.cache_clear()
    registry.evaluator_class.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_installed_evaluator_is_found_and_its_defects_are_its_own() -> None:
    assert registry.evaluator_names()[-3:] == ("gone", "nonsense", "shouting")
    assert one("shouting", None, "LOUD").score == 1
    verdict = one("shouting", None, "break")
    assert (verdict.score, verdict.unscored) == (None, "evaluator_failed")
    with pytest.raises(ValueError, match="is no evaluator"):
        expectation("nonsense", None, None)
    with pytest.raises(ValueError, match="cannot be loaded"):
        expectation("gone", None, None)
    registry.evaluator_names.cache_clear()
    registry.evaluator_class.cache_clear()
