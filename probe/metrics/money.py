"""Families of what the probes cost: budgets, estimates, and runs that were skipped for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probe.facts.status import BudgetStatus, JobCost, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfStatus


def _budget(name: str, unit: str, about: str, read: Callable[[BudgetStatus], float | None]) -> Family:
    """A number for each limit of each budget; None shows nothing."""

    def readings(status: Status) -> Iterable[Measurement]:
        for budget in status.money.budgets:
            value = read(budget)
            if value is not None:
                yield Measurement(value, (budget.budget, budget.span))

    return Family(
        name=name,
        kind="gauge",
        unit=unit,
        help=about,
        labels=("budget", "period"),
        source=OfStatus(read=readings),
    )


def _job(name: str, about: str, read: Callable[[JobCost], float]) -> Family:
    """USD for each job."""

    def readings(status: Status) -> Iterable[Measurement]:
        return [Measurement(read(job), (job.job,)) for job in status.money.jobs]

    return Family(
        name=name,
        kind="gauge",
        unit="usd",
        help=about,
        labels=("job_name",),
        source=OfStatus(read=readings),
    )


def _spent_today(status: Status) -> Iterable[Measurement]:
    by_provider = status.money.today_usd_by_provider
    return [Measurement(float(usd), (provider,)) for provider, usd in by_provider.items()]


def _skipped(status: Status) -> Iterable[Measurement]:
    return [Measurement(count, labels) for labels, count in status.money.skipped_runs.items()]


MONEY_FAMILIES = (
    Family(
        name=names.SPEND_TODAY_USD,
        kind="gauge",
        unit="usd",
        help="What all probes cost since midnight UTC, whoever made them, as far as prices are known.",
        labels=("provider",),
        source=OfStatus(read=_spent_today),
    ),
    _budget(
        names.BUDGET_SPENT_USD,
        "usd",
        "What was spent of a budget in this day or month (UTC).",
        lambda budget: float(budget.spent_usd),
    ),
    _budget(
        names.BUDGET_RESERVED_USD,
        "usd",
        "What runs under way are estimated to take of a budget yet.",
        lambda budget: float(budget.reserved_usd),
    ),
    _budget(names.BUDGET_LIMIT_USD, "usd", "The limit of a budget.", lambda budget: float(budget.limit_usd)),
    _budget(
        names.BUDGET_SPENT_RATIO,
        "ratio",
        "What was spent of a budget as a share of its limit; nothing for a limit of 0.",
        lambda budget: float(budget.spent_usd / budget.limit_usd) if budget.limit_usd else None,
    ),
    Family(
        name=names.RUNS_SKIPPED_TOTAL,
        kind="counter",
        help="Runs that were not begun, and why: `budget_day` or `budget_month` had too little left.",
        labels=("job_name", "reason"),
        source=OfStatus(read=_skipped),
    ),
    _job(
        names.JOB_ESTIMATED_RUN_COST_USD,
        "What one run is estimated to cost, as far as prices are known.",
        lambda job: float(job.run_usd),
    ),
    _job(
        names.JOB_ESTIMATED_MONTH_COST_USD,
        "What the runs of the next 30 days are estimated to cost, as far as prices are known.",
        lambda job: float(job.month_usd),
    ),
)
