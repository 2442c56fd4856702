"""Answers damaged, repeated and blown up: whatever comes, an evaluator says something, and soon.

`python -m tests.quality.mutations COUNT SEED` tries that many and prints what was found. Times are of the
processor, so that a busy machine looks no slower.
"""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product

from probe.quality.expectation import Expectation, expectation
from probe.quality.grade import MOST_CHARACTERS, evaluate
from tests.quality.test_rows import files, rows

_LONG = 10_000
# fmt: off
_TOKENS = (
    "<think>", "</think>", "```", "```json\n", "\\boxed{", "answer is ", "####", "(A)", "not ", "I can't",
    "\ud800", "\u0301", "\u200d", "\ufeff", "\x00", "\u2028", "İ", "ß", "ﬁ", "。", "東", "\U0001f600",
    "{", "[", '"', "\\", "}", "]", ":", ",", "NaN", "1e999", '{"a":1,"a":1}', "-", "−", "½", "⁶", "10^",
    "1,234", "1.234", "0", "9" * 60, "1/0", "/", "e", "\n\n", "- ", "1. ", "**", "_", "`", ".", "…", "%",
)
# What makes a careless pattern take time by the square of the length, or worse.
_UNITS = (
    "a", "1", " ", "\n", ".", "*", "_", "`", "[", "{", '"', "\\", "1,", "1/", "1 ", "10^", "- ", "a.", "a-",
    "not ", "answer", "answer**", "answer     ", "\\boxed{", "(A", "```\n", "~~~\n", '{"', "[]", "{}", '"a",',
    "<think>", "\u0301", "\u0301\u0327", "東", "ß", "İ", "I cannot ", "é", "a\u0301", "½", "$", "-$", "1. ",
    "1,234.", "0.", "1e", "Section ", "__a", "*a ", "#", "> ", "not not ", "A)", "\n- a", "? ", "U.S. ",
    "...)", "\U0001d165", "x=", "####",
)
# fmt: on


@dataclass
class Findings:
    count: int = 0
    failed: list[str] = field(default_factory=list)
    worst_ms: float = 0.0
    worst: str = ""
    long_ms: list[float] = field(default_factory=list)

    def try_one(self, one: Expectation, text: str) -> None:
        began = time.process_time_ns()
        (verdict,) = evaluate([one], text, truncated=False)
        took_ms = (time.process_time_ns() - began) / 1e6
        self.count += 1
        if verdict.unscored == "evaluator_failed":
            self.failed.append(f"{one.evaluator} {one.settings} {text[:80]!r}: {verdict.reason}")
        if took_ms > self.worst_ms:
            self.worst_ms, self.worst = (
                took_ms,
                f"{one.evaluator} {one.settings[:80]} {text[:20]!r} × {len(text)}",
            )
        if 0.9 * _LONG <= len(text) <= 1.1 * _LONG:
            self.long_ms.append(took_ms)

    @property
    def p99_ms(self) -> float:
        """Of answers of some 10,000 characters."""
        return sorted(self.long_ms)[int(len(self.long_ms) * 0.99)] if self.long_ms else 0.0


def expectations() -> list[Expectation]:
    """Everything that the table expects, built before it is timed."""
    made = {
        one.criteria_hash: one
        for evaluator in files()
        for one in (expectation(evaluator, row["settings"], None) for row in rows(evaluator))
    }
    for one in made.values():
        one.build().judge("warm up ½ é 東 12")
    return list(made.values())


def mutated(seed: int) -> Iterator[str]:
    """Without end; every twentieth is some 10,000 characters long."""
    dice = random.Random(seed)
    answers = [row["answer"] for evaluator in files() for row in rows(evaluator) if len(row["answer"]) < 1000]
    while True:
        text = dice.choice(answers)
        for _ in range(dice.randint(1, 6)):
            place = dice.randint(0, len(text))
            match dice.randrange(4):
                case 0:
                    text = text[:place] + dice.choice(_TOKENS) + text[place:]
                case 1:
                    text = text[:place] + text[place + dice.randint(1, 5) :]
                case 2:
                    text = (
                        text[:place]
                        + text[dice.randint(0, place) : place] * dice.randint(1, 5)
                        + text[place:]
                    )
                case _:
                    text += dice.choice(answers)
        if dice.randrange(20) == 0:
            text = (text or "x") * (_LONG // max(1, len(text)) + 1)
            text = text[:_LONG]
        yield text[: 2 * _LONG]


def blown_up(length: int = MOST_CHARACTERS) -> Iterator[str]:
    """One unit over and over, alone, behind a letter and before one."""
    for unit, (before, after) in product(_UNITS, (("", ""), ("x ", " x"))):
        yield (before + unit * (length // len(unit)))[: length - len(after)] + after


def fuzz(count: int, seed: int, findings: Findings | None = None) -> Findings:
    findings = findings or Findings()
    everything = expectations()
    dice = random.Random(seed)
    for text in islice(mutated(seed), count):
        findings.try_one(dice.choice(everything), text)
    return findings


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    large = Findings()
    everything = expectations()
    kinds = {one.evaluator: one for one in everything}
    for text in blown_up():
        for one in kinds.values() if "--few" in sys.argv else everything:
            large.try_one(one, text)
    print(f"{large.count} of {MOST_CHARACTERS} characters: {len(large.failed)} crashes,")
    print(f"  worst {large.worst_ms:.1f} ms: {large.worst}")
    found = fuzz(count, seed)
    print(f"{found.count} mutated: {len(found.failed)} crashes, worst {found.worst_ms:.1f} ms: {found.worst}")
    print(f"  {len(found.long_ms)} of 10,000 characters: p99 {found.p99_ms:.2f} ms")
    for line in [*large.failed, *found.failed][:20]:
        print(line)


if __name__ == "__main__":
    main()
