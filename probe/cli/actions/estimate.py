"""What `probe estimate` finds out, and how it says it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from probe.bootstrap.assembly import Assembly, assemble
from probe.bootstrap.simulated import UNSTARTED_URL
from probe.budgets.budgets import Budgets
from probe.budgets.estimate import OUTPUT_SHARE, Amount, TargetEstimate, sum_of
from probe.budgets.forecast import USAGE_DAYS, BudgetFit, Estimator, Forecast, budget_fits
from probe.budgets.ledger import Ledger, in_usd, limits_of
from probe.cli.actions.price_session import open_prices
from probe.cli.actions.run import RUN_NAME
from probe.cli.database import has_database
from probe.cli.output.table import Cell, print_note, print_table
from probe.config import Config
from probe.lib.clock import SystemClock
from probe.reports.format import UNKNOWN, usd
from probe.reports.money import PlanBody, plan_body
from probe.store.store import Store

_COLUMNS: Final = ("job", "target", ">attempts", ">tokens", ">a run", ">a day", ">30 days")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEstimate:
    """`budget_fits` are what budgets say."""

    forecasts: tuple[Forecast, ...]
    budget_fits: tuple[BudgetFit, ...]


async def estimate_plan(
    config: Config, *, job: str | None, suite: str | None, patterns: Sequence[str]
) -> PlanEstimate:
    """The database is read if there is one, and not changed. Raises ConfigError, StoreError."""
    clock = SystemClock()
    async with _prepared(config) as (assembly, store):
        if store is None:
            ledger = Ledger(clock.now())
            estimator = Estimator(None, clock, lambda: assembly)
            await estimator.refresh()
        else:
            budgets = Budgets(store, clock, lambda: assembly)
            await budgets.load()
            ledger, estimator = budgets.ledger, budgets.estimator
        asked = await estimator.requested(job, suite, patterns)
        limits = limits_of(config.budgets)
        return PlanEstimate(
            forecasts=asked, budget_fits=budget_fits(limits, asked, estimator.forecasts, ledger, RUN_NAME)
        )


@asynccontextmanager
async def _prepared(config: Config) -> AsyncIterator[tuple[Assembly, Store | None]]:
    """The configuration over the prices that the database knows, and the database if there is one."""
    if not has_database(config):
        async with assemble(config, simulator_url=UNSTARTED_URL) as assembly:
            yield assembly, None
        return
    async with (
        open_prices(config) as prices,
        assemble(config, simulator_url=UNSTARTED_URL, quotes=prices.quotes) as assembly,
    ):
        yield assembly, prices.store


# Saying it ----------------------------------------------------------------------------------------------


def print_estimate(found: PlanEstimate) -> None:
    """The table on stdout; what was assumed, what is unknown, and what budgets say on stderr."""
    rows = [row for forecast in found.forecasts for row in _rows(forecast)]
    if len(found.forecasts) > 1:
        runs = sum_of(each.estimate.cost for each in found.forecasts)
        days = sum_of(each.per_day for each in found.forecasts if each.per_day is not None)
        months = sum_of(each.per_month for each in found.forecasts if each.per_month is not None)
        attempts = sum(each.estimate.attempts for each in found.forecasts)
        rows.append([Cell("all jobs", "bold"), "", f"{attempts:,}", "", *map(_amount, (runs, days, months))])
    print_table(_COLUMNS, rows, lead=2)
    for line in _notes(found):
        print_note(line)


def estimate_body(found: PlanEstimate) -> PlanBody:
    return plan_body(found.forecasts, found.budget_fits)


def _rows(forecast: Forecast) -> Iterator[list[Cell | str]]:
    job = forecast.job or RUN_NAME
    for each in forecast.estimate.targets:
        name = f"{each.target} (warm)" if each.connection == "warm" else each.target
        yield [job, name, f"{each.attempts:,}", _tokens(each), *_amounts(forecast, each.cost)]
    if len(forecast.estimate.targets) > 1:
        total = forecast.estimate
        known = None if len(total.unpriced) == len({each.target for each in total.targets}) else total.cost
        yield [job, Cell("all", "bold"), f"{total.attempts:,}", "", *_amounts(forecast, known)]


def _amounts(forecast: Forecast, cost: Amount | None) -> tuple[str, str, str]:
    """Of a run, a day and 30 days."""
    if cost is None or forecast.pace is None:
        return _amount(cost), UNKNOWN, UNKNOWN
    runs = forecast.pace.runs
    return _amount(cost), _amount(cost.times(Decimal(runs) / 30)), _amount(cost.times(runs))


def _amount(amount: Amount | None) -> str:
    """`$0.0021`, or `$0.0021 (0.0004–0.0034)` if it is assumed."""
    if amount is None:
        return UNKNOWN
    if amount.certain:
        return usd(amount.usd)
    return f"{usd(amount.usd)} ({usd(amount.low_usd)}–{usd(amount.high_usd)})"


def _tokens(target: TargetEstimate) -> str:
    """Of an attempt: `512 + 160`, with `~` if they are assumed."""
    return f"{'~' if target.assumed else ''}{round(target.input_tokens):,} + {round(target.output_tokens):,}"


def _notes(found: PlanEstimate) -> Iterator[str]:
    if any(each.estimate.assumed for each in found.forecasts):
        yield (
            f"~ no results of the last {USAGE_DAYS.days} days: the output is assumed to be "
            f"{OUTPUT_SHARE:.0%} of max_tokens; in brackets the bounds, at most max_tokens"
        )
    unpriced = dict.fromkeys(name for each in found.forecasts for name in each.estimate.unpriced)
    if unpriced:
        yield f"no price is known, and nothing is counted, for: {', '.join(unpriced)}"
    for fit in found.budget_fits:
        yield _fit(fit)


def _fit(fit: BudgetFit) -> str:
    limit = fit.limit
    left = max(limit.usd - fit.spent_usd, Decimal(0))
    if fit.by_hand:
        what = f"{in_usd(left)} are left, the run takes {in_usd(fit.expected_usd)}"
        verdict = "fits" if fit.fits else "does not fit, it would be refused"
    else:
        span = "busiest day takes" if limit.span == "day" else "next 30 days take"
        what = f"{in_usd(fit.spent_usd)} are spent, the {span} {in_usd(fit.expected_usd)}"
        verdict = "fits" if fit.fits else "does not fit, runs will be skipped"
    return f"budget {limit.budget}: {in_usd(limit.usd)} USD a {limit.span}, {what}: {verdict}"
