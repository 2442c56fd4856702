"""Budgets over a real store: what is spent, what still fits, what is told, and when it begins anew."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from probe.budgets.ledger import skipped_for
from probe.errors import StoreUnavailable
from probe.lib.clock import FakeClock
from tests.budgets.books import EACH, NOON, books

ALL: dict[str, Any] = {"name": "all"}
NONE = Decimal(0)


def daily(usd: str, **scope: str) -> dict[str, Any]:
    return {**ALL, **scope, "daily_usd": usd}


def monthly(usd: str, **scope: str) -> dict[str, Any]:
    return {**ALL, **scope, "monthly_usd": usd}


# What fits ----------------------------------------------------------------------------------------------


async def test_without_budgets_every_run_is_made_and_counted(tmp_path: Path) -> None:
    async with books(tmp_path) as here:
        assert [await here.make() for _ in range(3)] == [True] * 3
        assert (here.spent("day"), here.spent("month")) == (3 * EACH, 3 * EACH)
        assert here.budgets.status().budgets == ()


async def test_a_budget_of_exactly_the_estimate_lets_one_run_through(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        assert await here.make()
        assert not await here.make()
        assert here.spent() == EACH


async def test_a_run_that_fits_in_part_is_not_begun(tmp_path: Path) -> None:
    """Two attempts of a cent each, and room for one and a half."""
    async with books(tmp_path, [daily("0.015")]) as here:
        refused = await here.refusal("daily")
        assert (refused.needed_usd, refused.standing.left_usd) == (2 * EACH, Decimal("0.015"))
        assert here.spent() == 0
        assert await here.make("hourly"), "one attempt fits"


async def test_a_budget_of_nothing_lets_nothing_through_that_costs(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0")]) as here:
        assert not await here.make()
        assert await here.make(targets=["acme/free"])


async def test_the_note_says_which_budget_how_much_and_what_is_left(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.015")]) as here:
        assert await here.make()
        note = (await here.refusal()).note
        assert note == (
            "budget all (day 2026-11-21): the run is estimated at 0.01 USD, 0.005 of 0.015 USD are left"
        )
        assert skipped_for(note) == ("all", "day", "2026-11-21")


async def test_a_budget_of_a_provider_covers_no_other(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01", provider="borealis")]) as here:
        assert [await here.make("hourly") for _ in range(3)] == [True] * 3
        assert await here.make("daily")
        assert not await here.make("daily"), "half of it is borealis"
        assert await here.make("hourly")


async def test_a_budget_of_a_job_covers_no_other(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01", job="hourly")]) as here:
        assert await here.make("daily")
        assert [await here.make("hourly") for _ in range(2)] == [True, False]
        assert await here.make("daily")
        assert await here.make("by hand"), "what is run by hand is none of the job's"


async def test_a_budget_of_a_job_at_a_provider_covers_only_that(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01", job="daily", provider="borealis")]) as here:
        assert [await here.make("daily"), await here.make("daily"), await here.make("hourly")] == [
            True,
            False,
            True,
        ]


async def test_the_narrowest_of_several_budgets_counts(tmp_path: Path) -> None:
    several = [monthly("1"), {"name": "tight", "provider": "acme", "daily_usd": "0.02"}]
    async with books(tmp_path, several) as here:
        assert [await here.make() for _ in range(3)] == [True, True, False]
        assert (await here.refusal()).standing.limit.budget == "tight"


async def test_what_has_no_price_goes_on_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr("probe.budgets.budgets._log.warning", lambda _, **told: said.append(told))
    async with books(tmp_path, [daily("0")]) as here:
        assert [await here.make(targets=["acme/dark"]) for _ in range(3)] == [True] * 3
    assert said == [{"targets": ["acme/dark"]}]


# Concurrent runs ----------------------------------------------------------------------------------------


async def test_no_two_runs_spend_the_same_money(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.03")]) as here:
        begun = await asyncio.gather(*(here.begin() for _ in range(8)))
        plans = [plan for plan in begun if plan is not None]
        assert len(plans) == 3
        assert here.budgets.status().budgets[0].reserved_usd == 3 * EACH
        for plan in plans:
            await here.end(plan)
        assert (here.spent(), here.budgets.status().budgets[0].reserved_usd) == (3 * EACH, NONE)


async def test_what_a_run_did_not_take_is_free_when_it_ends(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        plan = await here.begin()
        assert plan is not None
        assert not here.budgets.status().budgets[0].exhausted
        assert not await here.make(), "it is reserved"
        assert here.budgets.status().budgets[0].exhausted
        await here.end(plan, Decimal(0))
        again = await here.begin()
        assert again is not None
        assert not here.budgets.status().budgets[0].exhausted, "a run fits again"
        await here.end(again)


async def test_a_run_under_way_counts_once_what_is_stored_of_it(tmp_path: Path) -> None:
    """Two cents reserved; with one of them spent, a run of one cent still fits into three."""
    async with books(tmp_path, [daily("0.03")]) as here:
        plan = await here.begin("daily")
        assert plan is not None
        await here.recorder.add(here.result(plan.run_id))
        standing = here.budgets.status().budgets[0]
        assert (standing.spent_usd.normalize(), standing.reserved_usd) == (EACH, EACH)
        assert [await here.make(), await here.make()] == [True, False]


async def test_readings_amid_many_results_count_each_of_them_once(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("100")]) as here:
        plan = await here.begin()
        assert plan is not None
        adding = [here.recorder.add(here.result(plan.run_id)) for _ in range(200)]
        running = [here.begin() for _ in range(5)]
        await asyncio.gather(*adding, *running)
        assert here.spent() == 200 * EACH


# Days and months ----------------------------------------------------------------------------------------


async def test_a_day_ends_at_midnight_and_a_month_with_its_last_day(tmp_path: Path) -> None:
    late = datetime(2026, 11, 29, 23, 59, 58, tzinfo=UTC)
    async with books(tmp_path, [daily("0.01"), {"name": "month", "monthly_usd": "0.02"}], now=late) as here:
        assert [await here.make(), await here.make()] == [True, False]
        here.at(datetime(2026, 11, 30, 0, 0, 1, tzinfo=UTC))
        assert (here.spent("day"), here.spent("month")) == (NONE, EACH)
        assert [await here.make(), await here.make()] == [True, False]
        here.at(datetime(2026, 12, 1, tzinfo=UTC))
        assert (here.spent("day"), here.spent("month")) == (NONE, NONE)
        assert await here.make()


async def test_a_month_of_february_and_the_end_of_a_year(tmp_path: Path) -> None:
    async with books(tmp_path, [monthly("0.01")], now=datetime(2027, 12, 31, 23, tzinfo=UTC)) as here:
        assert [await here.make(), await here.make()] == [True, False]
        here.at(datetime(2028, 1, 1, tzinfo=UTC))
        assert await here.make()
        here.at(datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
        assert [await here.make(), await here.make()] == [True, False]
        here.at(datetime(2028, 3, 1, tzinfo=UTC))
        assert await here.make()


async def test_a_result_that_comes_in_after_midnight_is_of_the_day_it_ended(tmp_path: Path) -> None:
    late = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    async with books(tmp_path, [daily("0.01")], now=late) as here:
        plan = await here.begin()
        assert plan is not None
        sample = here.result(plan.run_id)
        here.at(datetime(2026, 11, 21, tzinfo=UTC))
        await here.recorder.add(sample)
        assert (here.spent("day"), here.spent("month")) == (NONE, EACH)
        here.budgets.release(plan.run_id)
        assert await here.make()
        assert here.spent("month") == 2 * EACH


# Restarts and others ------------------------------------------------------------------------------------


async def test_a_restart_in_the_middle_of_a_day_keeps_what_was_spent(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.02")]) as here:
        assert await here.make()
    async with books(tmp_path, [daily("0.02")], now=NOON + timedelta(hours=1)) as here:
        assert here.spent() == EACH
        assert [await here.make(), await here.make()] == [True, False]


async def test_what_was_stored_and_not_counted_when_the_process_died_is_spent(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        plan = await here.begin()
        assert plan is not None
        await here.store.results.add(here.result(plan.run_id))
        assert here.spent() == 0, "nobody told the books"
    async with books(tmp_path, [daily("0.01")]) as here:
        await here.store.runs.close_interrupted()
        assert here.spent() == EACH
        assert not await here.make()


async def test_what_another_program_spends_counts(tmp_path: Path) -> None:
    async with (
        books(tmp_path, [daily("0.02")]) as here,
        books(tmp_path, [daily("0.02")], owner="by hand") as there,
    ):
        assert await there.make("by hand")
        assert [await here.make(), await here.make()] == [True, False]


async def test_what_another_program_has_under_way_is_reserved(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    async with (
        books(tmp_path, [daily("0.02")], clock=clock) as here,
        books(tmp_path, [daily("0.02")], clock=clock, owner="other") as there,
    ):
        plan = await there.begin("daily")
        assert plan is not None
        clock.advance(1)
        assert not await here.make()
        await there.end(plan, Decimal(0))
        assert await here.make()


async def test_a_run_that_began_later_does_not_hold_up_one_before_it(tmp_path: Path) -> None:
    """Each sees the other's row; one of them goes."""
    clock = FakeClock(NOON)
    async with (
        books(tmp_path, [daily("0.01")], clock=clock) as here,
        books(tmp_path, [daily("0.01")], clock=clock, owner="other") as there,
    ):
        first = await here.plan()
        clock.advance(0.01)
        second = await there.plan()
        assert await here.budgets.admit(first) is None
        assert await there.budgets.admit(second) is not None


async def test_while_the_store_cannot_be_read_what_is_known_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("locked")

    async with books(tmp_path, [daily("0.02")]) as here:
        assert await here.make()
        plans = [await here.plan() for _ in range(2)]
        monkeypatch.setattr(here.store.spending, "by_job", fail)
        assert await here.budgets.admit(plans[0]) is None
        assert await here.budgets.admit(plans[1]) is not None


# Another configuration ----------------------------------------------------------------------------------


async def test_a_reload_changes_limits_and_loses_nothing_of_what_was_spent(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.02")]) as here:
        assert [await here.make() for _ in range(3)] == [True, True, False]
        here.reload(budgets=[daily("0.03")])
        assert [await here.make(), await here.make()] == [True, False]
        here.reload(budgets=[])
        assert await here.make()
        here.reload(budgets=[monthly("0.05")])
        assert here.budgets.status().budgets[0].spent_usd.normalize() == 4 * EACH
        assert [await here.make(), await here.make()] == [True, False]


async def test_a_budget_that_is_new_counts_runs_under_way(tmp_path: Path) -> None:
    async with books(tmp_path) as here:
        plan = await here.begin()
        here.reload(budgets=[daily("0.01")])
        assert plan is not None
        assert not await here.make()


# What is told -------------------------------------------------------------------------------------------


async def test_a_warning_at_four_fifths_and_an_end_each_once_a_period(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.05")]) as here:
        for _ in range(3):
            assert await here.make()
        assert await here.events() == []
        assert await here.make()
        warned = [("budget_warning", "all", "2026-11-21")]
        assert await here.events() == warned
        assert await here.make()
        ended = [*warned, ("budget_exhausted", "all", "2026-11-21")]
        assert await here.events() == ended
        assert not await here.make()
        assert await here.events() == ended
        event = (await here.told())[0]
        assert event.text == "budget all: 0.04 of 0.05 USD for 2026-11-21 are spent"
        assert (event.severity, event.data["spent_usd"], event.data["limit_usd"]) == (
            "warning",
            "0.04",
            "0.05",
        )


async def test_the_first_skipped_run_is_the_end_of_a_budget(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.025")]) as here:
        assert [await here.make() for _ in range(3)] == [True, True, False]
        await here.budgets.tell()
        texts = {event.kind: event.text for event in await here.told()}
        assert texts.keys() == {"budget_warning", "budget_exhausted"}
        assert texts["budget_exhausted"].endswith("; runs are skipped")


async def test_the_next_period_frees_a_budget_that_skipped_runs(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        assert [await here.make(), await here.make()] == [True, False]
        here.at(NOON + timedelta(days=1))
        assert (await here.events())[-1] == ("budget_freed", "all", "2026-11-22")
        here.at(NOON + timedelta(days=2))
        assert [kind for kind, _, _ in await here.events()].count("budget_freed") == 1


async def test_a_period_without_a_skipped_run_frees_nothing(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        assert await here.make()
        await here.budgets.tell()
        here.at(NOON + timedelta(days=1))
        assert {kind for kind, _, _ in await here.events()} == {"budget_warning", "budget_exhausted"}


async def test_a_restart_tells_nothing_again_and_frees_what_was_skipped_before(tmp_path: Path) -> None:
    async with books(tmp_path, [daily("0.01")]) as here:
        assert [await here.make(), await here.make()] == [True, False]
        before = await here.events()
    async with books(tmp_path, [daily("0.01")]) as here:
        assert await here.events() == before
    async with books(tmp_path, [daily("0.01")], now=NOON + timedelta(days=1)) as here:
        assert await here.events() == [*before, ("budget_freed", "all", "2026-11-22")]


async def test_events_that_cannot_be_written_now_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise StoreUnavailable("locked")

    async with books(tmp_path, [daily("0.01")]) as here:
        assert await here.make()
        with monkeypatch.context() as patched:
            patched.setattr(here.store.events, "add", fail)
            with pytest.raises(StoreUnavailable):
                await here.budgets.tell()
        assert len(await here.events()) == 2


# What is shown ------------------------------------------------------------------------------------------


async def test_skipped_runs_are_counted_by_job_and_reason(tmp_path: Path) -> None:
    several = [daily("0.01"), {"name": "month", "monthly_usd": "0.03", "job": "daily"}]
    async with books(tmp_path, several) as here:
        assert [await here.make("hourly"), await here.make("hourly")] == [True, False]
        here.at(NOON + timedelta(days=1))
        here.reload(budgets=several[1:])
        assert [await here.make("daily"), await here.make("daily")] == [True, False]
        money = here.budgets.status()
        assert money.skipped_runs == {
            ("hourly", "budget_day"): 1,
            ("hourly", "budget_month"): 0,
            ("daily", "budget_day"): 0,
            ("daily", "budget_month"): 1,
        }
        assert money.budgets[0].skipped_runs == 1


async def test_spend_by_provider_and_what_jobs_cost_in_a_month(tmp_path: Path) -> None:
    async with books(tmp_path) as here:
        assert await here.make("daily")
        money = here.budgets.status()
        assert money.today_usd_by_provider == {"acme": EACH, "borealis": EACH}
        hourly, once = money.jobs
        assert (hourly.run_usd, hourly.month_usd) == (EACH, 720 * EACH)
        assert (once.run_usd, once.month_usd) == (2 * EACH, 60 * EACH)
