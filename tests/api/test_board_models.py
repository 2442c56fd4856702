"""What the board says of probed models that are gone or about to go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from probe.api.board.query import BoardQuery
from probe.api.board.summary import model_banners
from probe.api.board.view import BoardData, board_view
from probe.facts.status import CatalogueStatus, ProbedModel
from tests.api.demo import NOW, a_status
from tests.api.entries import an_entry

TODAY = date(2026, 11, 21)
FINE = ProbedModel(provider="acme", model="fine", vanished=False)
GONE = ProbedModel(provider="acme", model="old", vanished=True, last_listed_at=NOW, replaced_by="new")


def told(*probed: ProbedModel) -> list[tuple[str, str, str]]:
    banners = model_banners(CatalogueStatus(probed=probed), TODAY)
    return [(banner.tone, banner.heading, banner.text) for banner in banners]


def retiring(days: int, name: str = "m") -> ProbedModel:
    return replace(FINE, model=name, retires_on=TODAY + timedelta(days=days))


def test_nothing_where_all_is_well() -> None:
    assert told(FINE, ProbedModel(provider="acme", model="tuned"), retiring(31)) == []


def test_a_model_that_is_gone() -> None:
    assert told(FINE, GONE) == [
        ("warn", "A probed model is not listed any more", f"acme/old, last on {NOW.date()} (use new)")
    ]


@pytest.mark.parametrize(
    ("days", "when"), [(30, "in 30 days"), (1, "tomorrow"), (0, "today"), (-2, "passed")]
)
def test_a_model_that_retires_soon(days: int, when: str) -> None:
    day = TODAY + timedelta(days=days)
    assert told(retiring(days)) == [("warn", "A probed model retires soon", f"acme/m on {day}, {when}")]


def test_a_model_that_is_gone_does_not_retire_as_well() -> None:
    assert len(told(replace(GONE, retires_on=TODAY))) == 1


def test_of_many_the_soonest_are_named() -> None:
    ((_, heading, text),) = told(*[retiring(days, f"m-{days}") for days in (9, 3, 7, 5, 1, 2)])
    assert heading == "6 probed models retire soon"
    assert [part.split()[0] for part in text.split("; ")] == [
        "acme/m-1",
        "acme/m-2",
        "acme/m-3",
        "acme/m-5",
        "and",
    ]
    assert text.endswith("; and 2 more")


def test_the_page_is_headed_by_it_where_nothing_is_worse() -> None:
    status = a_status(catalogue=CatalogueStatus(probed=(GONE,)))
    data = BoardData(now=NOW, entries=[an_entry("a")], failures=(), jobs=(), status=status)
    shown = board_view(data, BoardQuery())
    assert (shown.tone, shown.headline) == ("warn", "A probed model is not listed any more")
    assert [banner.heading for banner in shown.banners] == [shown.headline]
