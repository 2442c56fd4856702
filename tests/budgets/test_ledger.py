"""The books alone: periods, scopes, reservations, and that no run begins beyond a limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from probe.budgets.ledger import (
    BudgetLimit,
    Ledger,
    Span,
    SpendEstimate,
    in_usd,
    limits_of,
    period_of,
    skipped_for,
)
from probe.config.probing import BudgetConfig

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROVIDERS, JOBS = ("acme", "borealis"), ("hourly", "daily")
SPANS: tuple[Span, ...] = ("day", "month")
instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  hypothesis wants it so
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
usd = st.decimals(min_value=0, max_value=10, places=6)


# Periods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "at", "key", "ends"),
    [
        (
            "day",
            datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
            "2026-12-31",
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
        ("month", datetime(2026, 12, 31, 23, tzinfo=UTC), "2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
        ("month", datetime(2028, 2, 29, tzinfo=UTC), "2028-02", datetime(2028, 3, 1, tzinfo=UTC)),
        ("month", datetime(2026, 1, 31, tzinfo=UTC), "2026-01", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_period_is_one_of_the_calendar(span: Span, at: datetime, key: str, ends: datetime) -> None:
    period = period_of(span, at)
    assert (period.key, period.end) == (key, ends)


@given(instants, st.sampled_from(["day", "month"]))
def test_every_instant_is_in_its_period_and_periods_follow_each_other(at: datetime, span: Span) -> None:
    period = period_of(span, at)
    assert at in period
    following = period_of(span, period.end)
    assert (following.start, period.end in period) == (period.end, False)
    assert period_of(span, period.start - timedelta(microseconds=1)).end == period.start


def test_another_time_zone_has_no_other_day() -> None:
    at = datetime(2026, 11, 21, 1, tzinfo=UTC)
    there = at.astimezone(tz=None)
    assert period_of("day", there) == period_of("day", at)


# Sums ---------------------------------------------------------------------------------------------------


def test_limits_come_by_budget_the_day_before_the_month() -> None:
    made = limits_of(
        [
            BudgetConfig(name="a", daily_usd=Decimal(1), monthly_usd=Decimal(20)),
            BudgetConfig(name="b", monthly_usd=Decimal(0), job="hourly"),
        ]
    )
    assert [(limit.budget, limit.span, limit.usd) for limit in made] == [
        ("a", "day", Decimal(1)),
        ("a", "month", Decimal(20)),
        ("b", "month", Decimal(0)),
    ]


@given(st.lists(st.tuples(instants, st.sampled_from(PROVIDERS), st.sampled_from(JOBS), usd)), instants)
def test_what_is_spent_is_the_sum_of_the_results_of_the_period(
    spent: list[tuple[datetime, str, str, Decimal]], now: datetime
) -> None:
    ledger = Ledger(now)
    for at, provider, job, amount in spent:
        ledger.add(provider, job, amount, at)
    for span in SPANS:
        for scope in (None, *PROVIDERS):
            limit = BudgetLimit(budget="x", provider=scope, job=None, span=span, usd=Decimal(0))
            known = [a for at, p, _, a in spent if at in period_of(span, now) and scope in {None, p}]
            assert ledger.standing(limit).spent_usd == sum(known, Decimal(0))


@given(st.lists(st.tuples(instants, usd), max_size=20))
def test_rolling_on_forgets_what_is_of_earlier_periods(moments: list[tuple[datetime, Decimal]]) -> None:
    moments = sorted(moments)
    ledger = Ledger(moments[0][0] if moments else NOON)
    limits = [BudgetLimit(budget="x", provider=None, job=None, span=s, usd=Decimal(0)) for s in SPANS]
    for index, (now, amount) in enumerate(moments):
        ledger.roll(now)
        ledger.add("acme", "hourly", amount, now)
        for limit in limits:
            inside = [a for at, a in moments[: index + 1] if at in period_of(limit.span, now)]
            assert ledger.standing(limit).spent_usd == sum(inside, Decimal(0))


# Reservations -------------------------------------------------------------------------------------------


def test_a_mean_without_end_fits_into_a_budget_of_what_is_shown_of_it() -> None:
    third = Decimal(1) / 3
    ledger = Ledger(NOON)
    limit = BudgetLimit(budget="x", provider=None, job=None, span="day", usd=round(third, 9))
    assert ledger.shortfall([limit], SpendEstimate(job="hourly", usd_by_provider={"acme": third})) is None


def test_amounts_are_told_without_an_exponent() -> None:
    assert [in_usd(Decimal(text)) for text in ("1E+2", "0.10", "0", "1E-8", "0.123456789", "-0.5")] == [
        "100",
        "0.1",
        "0",
        "0.00000001",
        "0.12345679",
        "-0.5",
    ]


@pytest.mark.parametrize("note", [None, "", "the disk is full", "budget x: gone", "budget x (week 1): y"])
def test_a_note_of_something_else_is_none_of_a_budget(note: str | None) -> None:
    assert skipped_for(note) is None


class Spending(RuleBasedStateMachine):
    """Runs of any cost begin, spend at most what they reserved, and end, across days and months."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.begun = 0
        self.ledger = Ledger(self.now)
        self.runs: dict[UUID, tuple[str, dict[str, Decimal]]] = {}
        self.limits = (
            BudgetLimit(budget="all", provider=None, job=None, span="day", usd=Decimal(10)),
            BudgetLimit(budget="all", provider=None, job=None, span="month", usd=Decimal(25)),
            BudgetLimit(budget="acme", provider="acme", job=None, span="day", usd=Decimal(4)),
            BudgetLimit(budget="daily", provider=None, job="daily", span="month", usd=Decimal(7)),
            BudgetLimit(budget="none", provider="borealis", job="daily", span="day", usd=Decimal(0)),
        )

    @rule(
        job=st.sampled_from(JOBS),
        usd_by_provider=st.dictionaries(st.sampled_from(PROVIDERS), usd, min_size=1),
    )
    def begin(self, job: str, usd_by_provider: dict[str, Decimal]) -> None:
        estimate = SpendEstimate(job=job, usd_by_provider=usd_by_provider)
        shortfall = self.ledger.shortfall(self.limits, estimate)
        if shortfall is None:
            self.begun += 1
            run_id = UUID(int=self.begun)
            self.ledger.reserve(run_id, estimate)
            self.runs[run_id] = (job, dict(usd_by_provider))
        else:
            assert shortfall.needed_usd > shortfall.standing.left_usd

    @precondition(lambda self: self.runs)
    @rule(share=st.decimals(min_value=0, max_value=1, places=2), data=st.data())
    def store_a_result(self, share: Decimal, data: st.DataObject) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.runs)))
        job, left = self.runs[run_id]
        provider = data.draw(st.sampled_from(sorted(left)))
        amount = left[provider] * share
        left[provider] -= amount
        self.ledger.add(provider, job, amount, self.now)
        self.ledger.use(run_id, provider, amount)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.runs)))
        del self.runs[run_id]
        self.ledger.release(run_id)

    @rule(hours=st.integers(min_value=0, max_value=400))
    def pass_time(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.ledger.roll(self.now)

    @invariant()
    def nothing_is_spent_and_reserved_beyond_a_limit(self) -> None:
        for limit in self.limits:
            standing = self.ledger.standing(limit)
            assert standing.spent_usd + standing.reserved_usd <= limit.usd


TestSpending = Spending.TestCase
