"""The JSON of budgets and estimates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from probe.budgets.estimate import Amount, Estimate, TargetEstimate, sum_of
from probe.budgets.forecast import Forecast
from probe.budgets.ledger import in_usd
from probe.facts.status import BudgetStatus, MoneyStatus
from probe.reports.schemas import Body
from probe.reports.schemas import Usd as AnyUsd
from probe.wire.request import Connection

# Means of tokens have no end of digits.
_PLACES: Final = 12


def _short(amount: Decimal) -> Decimal:
    return Decimal(in_usd(amount, _PLACES))


Usd = Annotated[AnyUsd, BeforeValidator(_short)]


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
    limit_usd: Usd
    spent_usd: Usd
    reserved_usd: Usd
    left_usd: Usd
    spent_ratio: float | None
    skipped_runs: int

    @classmethod
    def of(cls, budget: BudgetStatus) -> BudgetBody:
        limit = budget.limit_usd
        return cls(
            name=budget.budget,
            provider=budget.provider,
            job=budget.job,
            period=budget.span,
            since=budget.since,
            until=budget.until,
            limit_usd=limit,
            spent_usd=budget.spent_usd,
            reserved_usd=budget.reserved_usd,
            left_usd=max(limit - budget.spent_usd - budget.reserved_usd, Decimal(0)),
            spent_ratio=float(budget.spent_usd / limit) if limit else None,
            skipped_runs=budget.skipped_runs,
        )


class BudgetsBody(Body):
    """What all probes cost today and this month (UTC), as far as prices are known, and every budget."""

    today_usd: Usd
    month_usd: Usd
    today_usd_by_provider: dict[str, Usd]
    items: list[BudgetBody]

    @classmethod
    def of(cls, money: MoneyStatus) -> BudgetsBody:
        return cls(
            today_usd=money.today_usd,
            month_usd=money.month_usd,
            today_usd_by_provider=dict(money.today_usd_by_provider),
            items=[BudgetBody.of(each) for each in money.budgets],
        )


class AmountBody(Body):
    """As estimated, and the least and most that it may be."""

    usd: Usd
    low_usd: Usd
    high_usd: Usd

    @classmethod
    def of(cls, amount: Amount | None) -> AmountBody | None:
        return None if amount is None else cls.model_validate(amount)


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

    @classmethod
    def of(cls, target: TargetEstimate) -> TargetEstimateBody:
        return cls.model_validate(target)


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

    @classmethod
    def of(cls, forecast: Forecast) -> EstimateBody:
        estimate: Estimate = forecast.estimate
        return cls(
            job=forecast.job,
            suite=estimate.suite,
            attempts=estimate.attempts,
            assumed=estimate.assumed,
            runs_in_30_days=None if forecast.pace is None else forecast.pace.runs,
            run=AmountBody.model_validate(estimate.cost),
            day=AmountBody.of(forecast.per_day),
            month=AmountBody.of(forecast.per_month),
            unpriced=list(estimate.unpriced),
            targets=[TargetEstimateBody.of(each) for each in estimate.targets],
        )


class EstimatesBody(Body):
    """`month` is the sum of the next 30 days; null where a run by hand was asked about."""

    items: list[EstimateBody]
    month: AmountBody | None

    @classmethod
    def of(cls, forecasts: Sequence[Forecast]) -> EstimatesBody:
        months = [each.per_month for each in forecasts if each.per_month is not None]
        return cls(
            items=[EstimateBody.of(each) for each in forecasts],
            month=AmountBody.of(sum_of(months)) if months else None,
        )
