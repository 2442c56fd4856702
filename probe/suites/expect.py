"""What a suite file says of the right answer, made into expectations: nothing unknown is passed over."""

from collections.abc import Sequence
from typing import Any, Final

from probe.lib.patterns import did_you_mean
from probe.quality.expectation import Expectation, Misplaced, expectation, plain
from probe.quality.registry import evaluator_names

# Asks a model: it is written as the others are, and needs a judge to ask.
JUDGE: Final = "judge"
_NO_JUDGE = "asks a judge, and no judges can be configured yet"


def expectations(given: Sequence[Any] | None, expected: str | None) -> tuple[Expectation, ...]:
    """Those of one case; without any said, that of its expected answer.

    Raises Misplaced with the place under the case.
    """
    if given is None:
        return () if expected is None else (_placed(("expected",), plain, expected),)
    made: list[Expectation] = []
    for index, item in enumerate(given):
        one = _placed(("expect", index), _one, item, expected)
        if one.criteria_hash in [each.criteria_hash for each in made]:
            raise Misplaced(("expect", index), "expects the same twice")
        made.append(one)
    if not any(each.must for each in made):
        raise Misplaced(("expect",), "nothing of it has to hold; add an evaluator beside, or must: true")
    return tuple(made)


def _placed(place: tuple[str | int, ...], make: Any, *arguments: Any) -> Expectation:
    try:
        made: Expectation = make(*arguments)
    except Misplaced as exc:
        raise Misplaced((*place, *exc.place), exc.reason) from None
    return made


def _one(item: Any, expected: str | None) -> Expectation:
    """`number: {equals: 42}`, or a bare name for an evaluator that takes the expected answer of the case."""
    if isinstance(item, str):
        item = {item: None}
    if not isinstance(item, dict) or len(item) != 1:
        raise Misplaced((), "an evaluator and its settings, such as contains: receipt")
    ((name, settings),) = item.items()
    if name == JUDGE:
        raise Misplaced((name,), _NO_JUDGE)
    if name not in evaluator_names():
        near = did_you_mean(name, evaluator_names())
        known = f"did you mean {near}?" if near else f"there is {', '.join(evaluator_names())}"
        raise Misplaced((name,), f"unknown evaluator; {known}")
    try:
        return expectation(name, settings, expected)
    except Misplaced as exc:
        raise Misplaced((name, *exc.place), exc.reason) from None
    except ValueError as exc:
        raise Misplaced((name,), str(exc)) from None
