"""No answer makes an evaluator fail, or take long."""

from tests.quality.mutations import Findings, expectations, fuzz

_MUTATED = 3000
# For a processor that is shared and slower than it was measured on: 50 is the promise, see the module's main.
_WORST_MS = 200.0
# What took from seconds to minutes before it was seen to.
_HOSTILE = ("a" + "\u0301\u0327" * 30_000, "[" * 60_000, "answer" + " " * 60_000, "\n" * 9 + "x\n" * 30_000)


def test_damaged_answers_get_a_verdict() -> None:
    found = fuzz(_MUTATED, seed=1)
    assert found.failed == []
    assert found.worst_ms < _WORST_MS, found.worst


def test_what_is_hostile_to_patterns_takes_no_longer() -> None:
    found = Findings()
    kinds = {one.evaluator: one for one in expectations()}
    for text in _HOSTILE:
        for one in kinds.values():
            found.try_one(one, text)
    assert found.failed == []
    assert found.worst_ms < _WORST_MS, found.worst
