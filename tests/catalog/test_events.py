"""What of a list is worth an event, and that the same news has the same key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from probe.catalog.models.availability import Availability, availability_of
from probe.catalog.models.diff import compare
from probe.catalog.models.events import Reporter
from probe.catalog.models.listed import KnownModel, ListedModel
from probe.facts.event import Event, EventKind

SUNDAY = datetime(2026, 11, 15, 2, 0, tzinfo=UTC)
NOW = SUNDAY + timedelta(days=7)
ACME = Reporter(provider="acme", now=NOW)
LATER = Reporter(provider="acme", now=NOW + timedelta(days=7))
MODEL = ListedModel(id="m", context_window=128_000, input_modalities=("text",))
KNOWN = KnownModel(listed=MODEL, last_seen_at=SUNDAY)
DAY = date(2026, 12, 12)


def of_list(known: list[KnownModel], listed: list[ListedModel], *probed: Availability) -> list[Event]:
    return list(ACME.of_list(known, compare(known, listed), probed))


def identity(event: Event) -> tuple[object, ...]:
    return event.kind, event.provider, event.model, event.key


def test_a_first_list_of_a_thousand_models_is_one_event() -> None:
    (event,) = of_list([], [ListedModel(id=f"m-{number}") for number in range(1000)])
    assert identity(event) == ("model_appeared", "acme", None, "first")
    assert event.text == "acme lists 1,000 models: its first list"
    assert event.data == {"models": 1000}
    assert of_list([], [MODEL])[0].text == "acme lists 1 model: its first list"


def test_a_first_list_without_models_says_nothing() -> None:
    assert of_list([], []) == []


def test_appeared_returned_and_vanished() -> None:
    back = KnownModel(listed=ListedModel(id="back"), last_seen_at=SUNDAY, vanished_at=NOW)
    events = of_list([KNOWN, back], [ListedModel(id="new"), ListedModel(id="back")])
    assert [identity(event) for event in events] == [
        ("model_appeared", "acme", "new", ""),
        ("model_returned", "acme", "back", NOW.isoformat()),
        ("model_vanished", "acme", "m", SUNDAY.isoformat()),
    ]
    assert [event.text for event in events] == [
        "acme lists new, which is new",
        "acme lists back again; it was gone since 2026-11-22",
        "acme does not list m any more; it last did on 2026-11-15",
    ]
    assert {event.severity for event in events} == {"info"}
    assert {event.at for event in events} == {NOW}


def test_a_change_is_told_field_by_field_against_the_list_before() -> None:
    (event,) = of_list([KNOWN], [replace(MODEL, context_window=256_000, input_modalities=("text", "image"))])
    assert identity(event) == ("model_changed", "acme", "m", SUNDAY.isoformat())
    assert event.text == (
        "acme lists m differently: context window 128,000 → 256,000; input text → text, image"
    )
    assert event.data == {
        "context_window": [128_000, 256_000],
        "input_modalities": [["text"], ["text", "image"]],
    }


def test_a_retirement_is_announced_once_with_all_that_comes_with_it() -> None:
    (event,) = of_list([KNOWN], [replace(MODEL, lifecycle="deprecated", retires_on=DAY, replaced_by="n")])
    assert identity(event) == ("model_retiring", "acme", "m", "2026-12-12")
    assert event.text == "acme retires m on 2026-12-12 and recommends n"
    assert event.data == {"retires_on": "2026-12-12", "replaced_by": "n"}


def test_beside_a_retirement_another_change_is_told() -> None:
    events = of_list([KNOWN], [replace(MODEL, context_window=1, retires_on=DAY)])
    assert [event.kind for event in events] == ["model_retiring", "model_changed"]
    assert events[1].data == {"context_window": [128_000, 1]}


def test_a_retirement_called_off_is_a_change() -> None:
    before = KnownModel(listed=replace(MODEL, retires_on=DAY), last_seen_at=SUNDAY)
    (event,) = of_list([before], [MODEL])
    assert (event.kind, event.text) == (
        "model_changed",
        "acme lists m differently: retires on 2026-12-12 → –",
    )
    assert event.data == {"retires_on": ["2026-12-12", None]}


def test_what_vanished_and_is_probed_is_told_once_and_loudly() -> None:
    known: list[KnownModel] = [KNOWN]
    probed = availability_of("acme", "m", [KnownModel(listed=MODEL, last_seen_at=SUNDAY, vanished_at=NOW)])
    assert of_list(known, [], probed) == []
    (event,) = ACME.of_probed([probed], 30)
    assert identity(event) == ("probed_model_vanished", "acme", "m", SUNDAY.isoformat())
    assert event.severity == "critical"
    assert event.text == "m is probed, and acme does not list it any more; it last did on 2026-11-15"
    (again,) = LATER.of_probed([probed], 30)
    assert identity(again) == identity(event)


def test_an_alias_vanishes_under_the_name_that_is_probed() -> None:
    dated = ListedModel(id="m-20250101", replaced_by="n")
    known = KnownModel(listed=dated, last_seen_at=SUNDAY, vanished_at=NOW)
    (event,) = ACME.of_probed([availability_of("acme", "m", [known])], 30)
    assert event.model == "m"
    assert event.data == {"entry": "m-20250101", "replaced_by": "n"}
    assert event.text.endswith("; it recommends n")


def test_a_probed_model_in_no_list_is_a_warning_once() -> None:
    probed = availability_of("acme", "tuned", [KNOWN])
    (event,) = ACME.of_probed([probed], 30)
    assert identity(event) == ("probed_model_vanished", "acme", "tuned", "never")
    assert event.severity == "warning"
    assert event.text == "tuned is probed, and is in no list of acme so far"


@pytest.mark.parametrize(
    ("days", "severity", "when"),
    [
        (30, "warning", "in 30 days"),
        (8, "warning", "in 8 days"),
        (7, "critical", "in 7 days"),
        (1, "critical", "tomorrow"),
        (0, "critical", "today"),
        (-3, "critical", "which has passed"),
    ],
)
def test_a_probed_model_that_retires_soon(days: int, severity: str, when: str) -> None:
    day = NOW.date() + timedelta(days=days)
    probed = Availability(
        provider="acme", model="m", entry="m", state="listed", retires_on=day, replaced_by="n"
    )
    (event,) = ACME.of_probed([probed], 30)
    assert identity(event) == ("probed_model_retiring", "acme", "m", day.isoformat())
    assert event.severity == severity
    assert event.text == f"m is probed, and acme retires it on {day}, {when}; it recommends n"
    moved = replace(probed, retires_on=day - timedelta(days=1))
    assert identity(ACME.of_probed([moved], 30)[0]) != identity(event)


def test_a_retirement_further_away_is_no_news_of_what_is_probed() -> None:
    day = NOW.date() + timedelta(days=31)
    probed = Availability(provider="acme", model="m", entry="m", state="listed", retires_on=day)
    assert ACME.of_probed([probed], 30) == ()


def test_a_model_that_is_retired_and_still_listed() -> None:
    probed = Availability(provider="acme", model="m", entry="m", state="listed", lifecycle="retired")
    (event,) = ACME.of_probed([probed], 30)
    assert identity(event) == ("probed_model_retiring", "acme", "m", "retired")
    assert event.severity == "critical"


def test_a_model_that_has_gone_does_not_retire_as_well() -> None:
    gone = Availability(
        provider="acme",
        model="m",
        entry="m",
        state="vanished",
        last_listed_at=SUNDAY,
        retires_on=NOW.date(),
    )
    assert [event.kind for event in ACME.of_probed([gone], 30)] == ["probed_model_vanished"]


def test_failures_in_a_row_are_one_event() -> None:
    first = ACME.of_failure([KNOWN], "HTTP 500")
    assert identity(first) == ("listing_failed", "acme", None, SUNDAY.isoformat())
    assert first.severity == "warning"
    assert first.text == "the model list of acme could not be read: HTTP 500"
    assert identity(LATER.of_failure([KNOWN], "HTTP 502")) == identity(first)
    recovered = KnownModel(listed=MODEL, last_seen_at=NOW)
    assert identity(LATER.of_failure([recovered], "HTTP 500")) != identity(first)
    assert ACME.of_failure([], "HTTP 401").key == "never"


def test_an_event_is_one_line_whatever_a_model_is_called() -> None:
    (event,) = of_list([KNOWN], [MODEL, ListedModel(id="a\nb\tc")])
    assert event.text == "acme lists a b c, which is new"
    assert event.kind in get_args(EventKind)
