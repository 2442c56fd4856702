from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.store.columns import pack_gaps, unpack_gaps
from probe.store.rows import clean


@given(st.lists(st.integers(0, 2**40).map(lambda ns: ns / 1_000_000_000)) | st.lists(st.floats(0, 1e6)))
def test_gaps_come_back_equal(gaps: list[float]) -> None:
    assert unpack_gaps(pack_gaps(gaps)) == tuple(gaps)


def test_gaps_are_small() -> None:
    """Four bytes each up to four seconds, eight beyond: a hundred gaps are no burden."""
    assert len(pack_gaps([0.01] * 100)) == 401
    assert len(pack_gaps([5.0] * 100)) == 801
    assert pack_gaps([]) == b""


def test_the_packed_form_is_the_same_everywhere() -> None:
    assert pack_gaps([0.000_000_001, 0.000_000_258]) == b"I" + bytes([1, 0, 0, 0, 2, 1, 0, 0])


@given(st.text())
def test_clean_text_is_what_both_databases_take(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    cleaned.encode()
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_pair_of_surrogates_is_the_character_it_means() -> None:
    assert clean("\ud83d\ude00") == "\U0001f600"
    assert clean("\ude00\ud83d") == "\ufffd\ufffd"
