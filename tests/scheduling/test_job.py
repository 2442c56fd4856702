"""What runs and what is missed, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.scheduling.job import DueInstants, Misfires, all_missed, split_misfires

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("planned", "now", "due"),
    [
        ([], 0, DueInstants()),
        ([0], 0, DueInstants(run=at(0))),
        ([0], 60, DueInstants(run=at(0))),
        ([0], 60.001, DueInstants(missed=Misfires(at(0), at(0), 1))),
        ([0, 900], 901, DueInstants(run=at(900), missed=Misfires(at(0), at(0), 1))),
        ([0, 900, 1800], 1810, DueInstants(run=at(1800), missed=Misfires(at(0), at(900), 2))),
        ([0, 900, 1800], 2000, DueInstants(missed=Misfires(at(0), at(1800), 3))),
    ],
)
def test_the_latest_runs_within_the_grace_and_the_rest_is_missed(
    planned: list[float], now: float, due: DueInstants
) -> None:
    assert split_misfires(map(at, planned), at(now), grace_seconds=60) == due


@given(st.lists(st.integers(0, 1000), unique=True).map(sorted), st.integers(0, 200))
def test_every_planned_instant_is_accounted_for_once(planned: list[int], late: int) -> None:
    due = split_misfires(map(at, planned), at((planned[-1] if planned else 0) + late), grace_seconds=60)
    missed = due.missed.count if due.missed else 0
    assert missed + (due.run is not None) == len(planned)


def test_all_of_a_timetable_can_be_missed() -> None:
    assert all_missed([]) is None
    assert all_missed([at(0), at(5), at(9)]) == Misfires(at(0), at(9), 3)
