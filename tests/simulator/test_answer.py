from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.simulator.answer import Budget, budget, chunks, whole
from probe.simulator.behaviour import Behaviour


@pytest.mark.parametrize(
    ("behaviour", "max_tokens", "expected"),
    [
        (Behaviour(tokens=10), None, Budget(0, 10, False)),
        (Behaviour(tokens=10), 10, Budget(0, 10, False)),
        (Behaviour(tokens=10), 4, Budget(0, 4, True)),
        (Behaviour(tokens=10, reasoning_tokens=5), 8, Budget(5, 3, True)),
        (Behaviour(tokens=10, reasoning_tokens=50), 16, Budget(16, 0, True)),
        (Behaviour(text="one two three"), None, Budget(0, 3, False)),
        (Behaviour(text="one two three"), 2, Budget(0, 2, True)),
        (Behaviour(tokens=0), 5, Budget(0, 0, False)),
    ],
)
def test_max_tokens_cuts_and_reasoning_eats_first(
    behaviour: Behaviour, max_tokens: int | None, expected: Budget
) -> None:
    assert budget(behaviour, max_tokens) == expected


@given(st.text(min_size=1), st.integers(1, 5))
def test_a_fixed_text_comes_back_as_it_is(text: str, size: int) -> None:
    behaviour = Behaviour(text=text, tokens_per_chunk=size)
    tokens = budget(behaviour, None)
    assert (
        "".join(chunk.text for chunk in chunks(behaviour, tokens))
        == text
        == whole(behaviour, tokens, "answer")
    )


@given(st.integers(0, 80), st.integers(0, 80), st.integers(1, 9))
def test_chunks_add_up_to_the_whole(tokens: int, reasoning: int, size: int) -> None:
    behaviour = Behaviour(tokens=tokens, reasoning_tokens=reasoning, tokens_per_chunk=size)
    planned = budget(behaviour, None)
    made = list(chunks(behaviour, planned))
    assert sum(chunk.tokens for chunk in made if chunk.answer) == tokens
    assert sum(chunk.tokens for chunk in made if not chunk.answer) == reasoning
    assert [chunk.last for chunk in made] == [False] * (len(made) - 1) + [True] * bool(made)
    assert "".join(chunk.text for chunk in made if chunk.answer) == whole(behaviour, planned, "answer")
    assert "".join(chunk.text for chunk in made if not chunk.answer) == whole(behaviour, planned, "reasoning")


def test_the_words_are_the_same_every_time_and_not_all_ascii() -> None:
    text = whole(Behaviour(), Budget(0, 60, False), "answer")
    assert text == whole(Behaviour(), Budget(0, 60, False), "answer")
    assert len(text.split()) == 60
    assert not text.isascii()


def test_an_endless_answer_has_no_last_chunk() -> None:
    behaviour = Behaviour(tokens=2, fault="endless")
    many = list(islice(chunks(behaviour, budget(behaviour, 2)), 500))
    assert len(many) == 500
    assert not any(chunk.last for chunk in many)
