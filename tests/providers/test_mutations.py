"""Readers of damaged wires; `tests.providers.mutations` tries as many as one likes."""

from __future__ import annotations

from tests.providers.mutations import problems


def test_damage_makes_neither_a_crash_nor_a_success_of_nothing() -> None:
    assert [problem for problem, _ in problems(3_000, seed=20_261_130)] == []
