"""How a probed model stands in its provider's lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from probe.catalog.models.availability import Availability, availability_of
from probe.catalog.models.listed import KnownModel, ListedModel

SUNDAY = datetime(2026, 11, 15, 2, 0, tzinfo=UTC)
BEFORE = SUNDAY - timedelta(days=7)


def there(name: str, retires_on: date | None = None) -> KnownModel:
    return KnownModel(listed=ListedModel(id=name, retires_on=retires_on), last_seen_at=SUNDAY)


def gone(name: str, replaced_by: str | None = None) -> KnownModel:
    model = ListedModel(id=name, replaced_by=replaced_by)
    return KnownModel(listed=model, last_seen_at=BEFORE, vanished_at=SUNDAY)


def probed_only(name: str) -> KnownModel:
    return KnownModel(listed=ListedModel(id=name))


@pytest.mark.parametrize(
    ("model", "known", "entry", "state", "vanished"),
    [
        pytest.param("m", [], None, None, None, id="no list yet"),
        pytest.param("m", [probed_only("m")], None, None, None, id="probed, and no list yet"),
        pytest.param("m", [there("m")], "m", "listed", False, id="listed"),
        pytest.param("m", [there("n"), gone("m")], "m", "vanished", True, id="vanished"),
        pytest.param("m", [there("n")], None, "never_listed", None, id="never listed"),
        pytest.param(
            "m", [there("n"), probed_only("m")], None, "never_listed", None, id="probed, not listed"
        ),
        pytest.param("m", [there("m-20260101")], "m-20260101", "listed", False, id="listed by its date"),
        pytest.param(
            "m",
            [gone("m"), there("m-20260101")],
            "m",
            "vanished",
            True,
            id="its own entry went, another's is there",
        ),
        pytest.param(
            "m-0613", [gone("m-0613"), there("m")], "m-0613", "vanished", True, id="the dated one went"
        ),
        pytest.param(
            "m",
            [gone("m-20250101"), there("m-20260101")],
            "m-20260101",
            "listed",
            False,
            id="moved to a new date",
        ),
        pytest.param(
            "m", [gone("m-20250101"), there("n")], "m-20250101", "vanished", True, id="no date is left"
        ),
        pytest.param("models/m", [gone("models/m"), there("m")], "m", "listed", False, id="renamed only"),
        pytest.param("sim?ttft_ms=5", [there("sim")], "sim", "listed", False, id="simulator"),
    ],
)
def test_standing(
    model: str, known: list[KnownModel], entry: str | None, state: str | None, vanished: bool | None
) -> None:
    found = availability_of("acme", model, known)
    assert (found.entry, found.state, found.vanished) == (entry, state, vanished)


def test_what_the_list_said_of_it_is_kept_when_it_is_gone() -> None:
    found = availability_of("acme", "m", [gone("m", replaced_by="n"), there("n")])
    assert (found.last_listed_at, found.replaced_by) == (BEFORE, "n")


def test_an_alias_retires_with_what_it_stands_for() -> None:
    assert availability_of("acme", "m", [there("m-20260101", date(2026, 12, 1))]).retires_on == date(
        2026, 12, 1
    )


def test_days_left() -> None:
    retiring = Availability(provider="acme", model="m", retires_on=date(2026, 12, 1))
    assert retiring.days_left(date(2026, 11, 21)) == 10
    assert retiring.days_left(date(2026, 12, 2)) == -1
    assert replace(retiring, retires_on=None).days_left(date(2026, 11, 21)) is None
