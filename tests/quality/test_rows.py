"""A table of hostile answers, each with the outcome that is right and why, and who errs there."""

import json
from pathlib import Path
from typing import Any

import pytest

from probe.quality.expectation import expectation
from probe.quality.grade import evaluate
from probe.quality.registry import EVALUATORS

_ROWS = Path(__file__).parent / "rows"
_LEAST_ROWS = 400
_LEAST_PEERS = 60


def files() -> list[str]:
    """The evaluators that have a table."""
    return sorted(path.stem for path in _ROWS.glob("*.jsonl"))


def rows(evaluator: str) -> list[dict[str, Any]]:
    text = (_ROWS / f"{evaluator}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def outcome(evaluator: str, settings: Any, answer: str) -> str:
    """`pass`, the class of a failure, or `unscored:` and the reason."""
    one = expectation(evaluator, settings, None)
    (verdict,) = evaluate([one], answer, truncated=False)
    if verdict.score is None:
        return f"unscored:{verdict.unscored}"
    return "pass" if verdict.passed(one.threshold) else str(verdict.failure)


@pytest.mark.parametrize("evaluator", files())
def test_every_answer_gets_its_outcome(evaluator: str) -> None:
    wrong = []
    for number, row in enumerate(rows(evaluator), start=1):
        found = outcome(evaluator, row["settings"], row["answer"])
        if found != row["outcome"]:
            wrong.append(
                f"{number}: {row['settings']!r} {row['answer'][:60]!r}: {found}, not {row['outcome']}"
            )
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_table_is_large_and_names_who_errs() -> None:
    everything = [row for evaluator in files() for row in rows(evaluator)]
    assert set(files()) == set(EVALUATORS)
    assert len(everything) >= _LEAST_ROWS
    assert sum("peer" in row for row in everything) >= _LEAST_PEERS
    assert all(row["why"] for row in everything)
