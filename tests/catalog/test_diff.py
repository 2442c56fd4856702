"""What a list changes in what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.models.diff import FieldChange, applied, changes, compare
from probe.catalog.models.listed import KnownModel, ListedModel
from probe.catalog.prices.price import Price
from probe.facts.rates import Rates

SUNDAY = datetime(2026, 11, 15, 2, 0, tzinfo=UTC)
NOW = SUNDAY + timedelta(days=7)

FULL = ListedModel(
    id="m",
    display_name="Model M",
    context_window=128_000,
    max_output_tokens=16_384,
    input_modalities=("text", "image"),
    output_modalities=("text",),
    created_at=SUNDAY,
    lifecycle="active",
)


def listed(*names: str) -> list[ListedModel]:
    return [ListedModel(id=name) for name in names]


def known(*names: str, vanished_at: datetime | None = None) -> list[KnownModel]:
    return [
        KnownModel(listed=model, last_seen_at=SUNDAY, vanished_at=vanished_at) for model in listed(*names)
    ]


def test_the_first_list_is_all_new_and_nothing_appears_in_it() -> None:
    found = compare([], listed("a", "b"))
    assert found.first
    assert [model.id for model in found.models] == ["a", "b"]
    assert (found.appeared, found.changed, found.vanished, found.returned) == ((), {}, (), ())


def test_a_model_that_was_probed_and_never_listed_makes_no_list() -> None:
    found = compare([KnownModel(listed=ListedModel(id="a"))], listed("a", "b"))
    assert found.first


def test_models_appear_vanish_and_return() -> None:
    before = [*known("a", "gone"), *known("back", "still away", vanished_at=SUNDAY)]
    found = compare(before, listed("new", "back", "a"))
    assert not found.first
    assert found.appeared == ("new",)
    assert found.returned == ("back",)
    assert found.vanished == ("gone",)
    assert found.changed == {}


def test_the_same_list_again_is_nothing_new() -> None:
    found = compare(known("a", "b"), listed("b", "a"))
    assert (found.first, found.appeared, found.changed, found.vanished, found.returned) == (
        False,
        (),
        {},
        (),
        (),
    )


def test_of_two_entries_of_one_name_the_first_counts() -> None:
    found = compare([], [ListedModel(id="a", context_window=1), ListedModel(id="a", context_window=2)])
    assert [model.context_window for model in found.models] == [1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"context_window": 256_000}, ["context_window"], id="context window"),
        pytest.param({"max_output_tokens": 8}, ["max_output_tokens"], id="output limit"),
        pytest.param({"input_modalities": ("text",)}, ["input_modalities"], id="input"),
        pytest.param({"output_modalities": ("text", "audio")}, ["output_modalities"], id="output"),
        pytest.param({"input_modalities": ("image", "text")}, [], id="another order"),
        pytest.param({"lifecycle": "deprecated"}, ["lifecycle"], id="lifecycle"),
        pytest.param({"lifecycle": None}, [], id="nothing said is active"),
        pytest.param({"deprecated_on": date(2026, 12, 1)}, ["deprecated_on"], id="deprecated"),
        pytest.param({"retires_on": date(2027, 1, 1)}, ["retires_on"], id="retirement announced"),
        pytest.param({"replaced_by": "n"}, ["replaced_by"], id="replacement"),
        pytest.param({"context_window": None}, [], id="size left out"),
        pytest.param({"input_modalities": None}, [], id="input left out"),
        pytest.param({"display_name": "M"}, [], id="another name for people"),
        pytest.param({"created_at": NOW}, [], id="another date of birth"),
    ],
)
def test_what_counts_as_a_change(change: dict[str, Any], told: list[str]) -> None:
    after = replace(FULL, **change)
    found = compare([KnownModel(listed=FULL, last_seen_at=SUNDAY)], [after])
    assert [each.name for each in found.changed.get("m", ())] == told


def test_what_is_learned_for_the_first_time_is_no_change_but_its_end_is() -> None:
    assert changes(ListedModel(id="m"), FULL) == ()
    ending = replace(FULL, lifecycle="deprecated", retires_on=date(2027, 1, 1))
    assert changes(ListedModel(id="m"), ending) == (
        FieldChange(name="lifecycle", before=None, after="deprecated"),
        FieldChange(name="retires_on", before=None, after=date(2027, 1, 1)),
    )


def test_a_retirement_that_is_called_off_is_a_change() -> None:
    assert changes(replace(FULL, retires_on=date(2027, 1, 1)), FULL) == (
        FieldChange(name="retires_on", before=date(2027, 1, 1), after=None),
    )


def test_what_a_list_leaves_out_stays_known_but_its_end_does_not() -> None:
    before = replace(FULL, lifecycle="deprecated", retires_on=date(2027, 1, 1), replaced_by="n")
    price = Price(
        rates=Rates(input_per_million_usd=Decimal(1), output_per_million_usd=Decimal(2)), source="acme"
    )
    found = compare(
        [KnownModel(listed=before, last_seen_at=SUNDAY)],
        [ListedModel(id="m", max_output_tokens=5, price=price)],
    )
    assert found.models == (replace(FULL, max_output_tokens=5, lifecycle=None, price=price),)


def test_what_is_known_afterwards() -> None:
    before = [*known("a", "gone"), *known("away", vanished_at=SUNDAY)]
    after = {each.listed.id: each for each in applied(before, compare(before, listed("a", "new")), NOW)}
    assert (after["a"].last_seen_at, after["a"].vanished_at) == (NOW, None)
    assert (after["new"].last_seen_at, after["new"].vanished_at) == (NOW, None)
    assert (after["gone"].last_seen_at, after["gone"].vanished_at) == (SUNDAY, NOW)
    assert (after["away"].last_seen_at, after["away"].vanished_at) == (SUNDAY, SUNDAY)


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(NAMES, NAMES, NAMES)
def test_every_model_is_accounted_for_and_a_repeat_finds_nothing(
    there: list[str], gone: list[str], now_listed: list[str]
) -> None:
    gone = [name for name in gone if name not in there]
    before = [*known(*there), *known(*gone, vanished_at=SUNDAY)]
    found = compare(before, listed(*now_listed))
    if before:
        assert set(found.appeared) == set(now_listed) - set(there) - set(gone)
        assert set(found.returned) == set(now_listed) & set(gone)
    assert set(found.vanished) == set(there) - set(now_listed)
    after = applied(before, found, NOW)
    again = compare(after, listed(*now_listed))
    assert (again.appeared, again.changed, again.vanished, again.returned) == ((), {}, (), ())
    assert {each.listed.id for each in after if each.vanished_at is None} == set(now_listed)
