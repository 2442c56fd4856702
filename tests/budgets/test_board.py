"""The board's panel of money: its texts, and the page in a browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from probe.api.board.summary import money_view
from probe.facts.status import BudgetStatus, MoneyStatus
from tests.api.demo import NOW, a_status, fill
from tests.api.serving import serving
from tests.servers.chromium import chromium, open_page, page_errors

BUDGET = BudgetStatus(
    budget="all",
    span="day",
    limit_usd=Decimal(2),
    spent_usd=Decimal("0.5"),
    reserved_usd=Decimal("0.1"),
    since=NOW.replace(hour=0, minute=0, second=0),
    until=NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1),
)
MONEY = MoneyStatus(today_usd=Decimal("0.5"), month_usd=Decimal("12.25"))


def test_nothing_is_shown_where_no_cost_is_known_and_no_budget_set() -> None:
    assert money_view(MoneyStatus()) is None


def test_a_budget_is_shown_before_anything_is_spent() -> None:
    view = money_view(MoneyStatus(budgets=(replace(BUDGET, spent_usd=Decimal(0)),)))
    assert view is not None
    assert (view.today, view.budgets[0].amount, view.budgets[0].share) == ("$0", "$0", "0 %")


def test_a_bar_is_what_is_spent_and_then_what_is_reserved() -> None:
    view = money_view(replace(MONEY, budgets=(BUDGET,)))
    assert view is not None
    (row,) = view.budgets
    assert (row.spent, row.reserved, row.share, row.tone) == (25.0, 5.0, "25 %", "good")
    assert (row.amount, row.limit, row.period, row.covers) == ("$0.50", "$2.00", "today", "all probes")
    assert "$0.10 reserved" in row.hint


@pytest.mark.parametrize(
    ("spent", "skipped", "tone", "state"),
    [
        ("1.59", 0, "good", ""),
        ("1.6", 0, "warn", ""),
        ("0.1", 1, "warn", "1 run skipped"),
        ("2", 0, "bad", "used up"),
        ("9", 12, "bad", "12 runs skipped"),
    ],
)
def test_colour_and_words_say_how_it_stands(spent: str, skipped: int, tone: str, state: str) -> None:
    view = money_view(MoneyStatus(budgets=(replace(BUDGET, spent_usd=Decimal(spent), skipped_runs=skipped),)))
    assert view is not None
    (row,) = view.budgets
    assert (row.tone, row.state) == (tone, state)
    assert row.spent + row.reserved <= 100


def test_a_budget_of_nothing_has_no_share() -> None:
    view = money_view(MoneyStatus(budgets=(replace(BUDGET, limit_usd=Decimal(0), spent_usd=Decimal(0)),)))
    assert view is not None
    assert (view.budgets[0].share, view.budgets[0].spent) == ("–", 100.0)


def test_what_a_budget_covers_is_said() -> None:
    scoped = replace(BUDGET, provider="acme", job="weekly", span="month")
    view = money_view(MoneyStatus(budgets=(scoped,)))
    assert view is not None
    assert (view.budgets[0].covers, view.budgets[0].period) == ("provider acme · job weekly", "this month")


async def test_it_fits_a_desk_and_a_phone(tmp_path: Path) -> None:
    long = replace(BUDGET, budget="the-nightly-reasoning-suite-of-the-other-team", provider="switchboard")
    async with serving(tmp_path) as served, chromium() as browser:
        await fill(served.store, served.clock, runs=2)
        served.daemon.now = a_status(money=replace(MONEY, budgets=(BUDGET, long)))
        for width in (1440, 390, 320):
            async with open_page(browser, width=width) as page:
                await page.goto(served.url)
                assert await page.locator(".money .budgets li").count() == 2
                assert await page.locator(".money .sums").inner_text() == "Today\n$0.50\nThis month\n$12.25"
                bar = await page.locator(".money .bar .spent").first.bounding_box()
                rail = await page.locator(".money .bar .rail").first.bounding_box()
                assert bar is not None
                assert rail is not None
                assert bar["width"] == pytest.approx(rail["width"] / 4, abs=1)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                assert page_errors(page) == []


async def test_the_page_has_no_such_panel_where_there_is_nothing_to_say(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        page = (await served.client.get("/")).text
        assert "money-heading" not in page
