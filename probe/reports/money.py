"""The JSON of budgets and estimates."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from probe.budgets.estimate import Amount, sum_of
from probe.budgets.forecast import BudgetFit, Forecast
from probe.budgets.ledger import in_usd
from probe.facts.status import BudgetStatus, MoneyStatus
from probe.reports.schemas import Body
from probe.reports.schemas import Usd as AnyUsd
from probe.wire.request import Connection

# Means of tokens have no end of digits.
_PLACES: Final = 12


def _short(amount: Decimal) -> Decimal:
    return Decimal(in_usd(amount, _PLACES))


_Usd = Annotated[AnyUsd, BeforeValidator(_short)]


class BudgetBody(Body):
    """One limit of one budget in its present period. `provider` and `job` null: for all of them.

    `spent_ratio` is null for a limit of 0. `skipped_runs` counts since the start of the daemon.
    """

    name: str
    provider: str | None
    job: str | None
    period: Literal["day", "month"]
    since: datetime
    until: datetime
    limit_usd: _Usd
    spent_usd: _Usd
    reserved_usd: _Usd
    left_usd: _Usd
    spent_ratio: float | None
    skipped_runs: int


class BudgetsBody(Body):
    """What all probes cost today and this month (UTC), as far as prices are known, and every budget."""

    today_usd: _Usd
    month_usd: _Usd
    today_usd_by_provider: dict[str, _Usd]
    items: list[BudgetBody]


class AmountBody(Body):
    """As estimated, and the least and most that it may be."""

    usd: _Usd
    low_usd: _Usd
    high_usd: _Usd


class TargetEstimateBody(Body):
    """`assumed` attempts have no recent results to know their tokens from. `cost` null: no known price."""

    target: str
    provider: str
    model: str
    connection: Connection
    attempts: int
    assumed: int
    input_tokens: float
    output_tokens: float
    price_source: str | None
    cost: AmountBody | None


class EstimateBody(Body):
    """One run, and its runs of a day (the mean of 30) and of the next 30 days where it is a job's.

    `unpriced` names targets whose price is unknown: they are in no sum.
    """

    job: str | None
    suite: str
    attempts: int
    assumed: int
    runs_in_30_days: int | None
    run: AmountBody
    day: AmountBody | None
    month: AmountBody | None
    unpriced: list[str]
    targets: list[TargetEstimateBody]


class EstimatesBody(Body):
    """`month` is the sum of the next 30 days; null where a run by hand was asked about."""

    items: list[EstimateBody]
    month: AmountBody | None


class BudgetFitBody(Body):
    """What one limit of a budget says to what is planned."""

    name: str
    period: Literal["day", "month"]
    limit_usd: _Usd
    spent_usd: _Usd
    expected_usd: _Usd
    fits: bool


class PlanBody(EstimatesBody):
    budgets: list[BudgetFitBody]


def budgets_body(money: MoneyStatus) -> BudgetsBody:
    return BudgetsBody.of(money, items=[_budget(each) for each in money.budgets])


def estimates_body(forecasts: Sequence[Forecast]) -> EstimatesBody:
    return EstimatesBody.of(items=_estimates(forecasts), month=_month(forecasts))


def plan_body(forecasts: Sequence[Forecast], fits: Sequence[BudgetFit]) -> PlanBody:
    """The estimates, and what budgets say to them."""
    budgets = [
        BudgetFitBody.of(each, name=each.limit.budget, period=each.limit.span, limit_usd=each.limit.usd)
        for each in fits
    ]
    return PlanBody.of(items=_estimates(forecasts), month=_month(forecasts), budgets=budgets)


def _budget(budget: BudgetStatus) -> BudgetBody:
    limit, spent = budget.limit_usd, budget.spent_usd
    return BudgetBody.of(
        budget,
        name=budget.budget,
        period=budget.span,
        left_usd=max(limit - spent - budget.reserved_usd, Decimal(0)),
        spent_ratio=float(spent / limit) if limit else None,
    )


def _estimates(forecasts: Sequence[Forecast]) -> list[EstimateBody]:
    return [
        EstimateBody.of(
            forecast,
            forecast.estimate,
            runs_in_30_days=None if forecast.pace is None else forecast.pace.runs,
            run=forecast.estimate.cost,
            day=forecast.per_day,
            month=forecast.per_month,
        )
        for forecast in forecasts
    ]


def _month(forecasts: Sequence[Forecast]) -> Amount | None:
    months = [each.per_month for each in forecasts if each.per_month is not None]
    return sum_of(months) if months else None
