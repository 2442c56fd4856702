"""What the probes cost, and how budgets stand. Pure; nothing where no cost is known and no budget is set."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from probe.facts.status import BudgetStatus, MoneyStatus
from probe.reports import format as fmt

_WARNING_SHARE = Decimal("0.8")
_FULL = 100.0

BudgetTone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """`spent` and `reserved` are the lengths of a bar of 100, together at most that. Texts are ready."""

    name: str
    covers: str
    period: str
    amount: str
    limit: str
    share: str
    spent: float
    reserved: float
    tone: BudgetTone
    state: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    today: str
    month: str
    budgets: tuple[BudgetRow, ...]


def money_view(money: MoneyStatus) -> MoneyView | None:
    if not money.month_usd and not money.budgets:
        return None
    return MoneyView(
        today=fmt.usd(money.today_usd),
        month=fmt.usd(money.month_usd),
        budgets=tuple(_row(budget) for budget in money.budgets),
    )


def _row(budget: BudgetStatus) -> BudgetRow:
    spent = _length(budget.spent_usd, budget.limit_usd)
    reserved = min(_length(budget.reserved_usd, budget.limit_usd), _FULL - spent)
    tone = _tone(budget)
    under_way = f", {fmt.usd(budget.reserved_usd)} reserved for runs under way" if budget.reserved_usd else ""
    return BudgetRow(
        name=budget.budget,
        covers=_covers(budget),
        period="today" if budget.span == "day" else "this month",
        amount=fmt.usd(budget.spent_usd),
        limit=fmt.usd(budget.limit_usd),
        share=_share(budget),
        spent=round(spent, 1),
        reserved=round(reserved, 1),
        tone=tone,
        state=_state(budget, tone),
        hint=f"{fmt.usd(budget.spent_usd)} spent{under_way}; until {fmt.utc_timestamp(budget.until)}",
    )


def _share(budget: BudgetStatus) -> str:
    return f"{budget.spent_usd / budget.limit_usd * 100:.0f} %" if budget.limit_usd else fmt.UNKNOWN


def _length(usd: Decimal, limit_usd: Decimal) -> float:
    """Of a limit of 0 nothing is left."""
    return min(float(usd / limit_usd) * _FULL, _FULL) if limit_usd else _FULL


def _tone(budget: BudgetStatus) -> BudgetTone:
    if budget.spent_usd >= budget.limit_usd:
        return "bad"
    if budget.skipped_runs or budget.spent_usd >= budget.limit_usd * _WARNING_SHARE:
        return "warn"
    return "good"


def _covers(budget: BudgetStatus) -> str:
    parts = [
        f"provider {budget.provider}" if budget.provider else "",
        f"job {budget.job}" if budget.job else "",
    ]
    return " · ".join(part for part in parts if part) or "all probes"


def _state(budget: BudgetStatus, tone: BudgetTone) -> str:
    runs = budget.skipped_runs
    if runs:
        return f"{runs:,} {'run' if runs == 1 else 'runs'} skipped"
    return "used up" if tone == "bad" else ""
