"""What probing costs, against what it may cost: of each probe, as budgets are kept by each of them."""

from collections.abc import Iterable

from probe.metrics import names
from probe.rules import words
from probe.rules.alert import COST_BOARD, Alert
from probe.rules.promql import selector
from probe.rules.scope import Policies

# As the daemon's own event has it (`probe.budgets.events`).
_NEARLY = 0.8


def budget_alerts(policies: Policies) -> Iterable[Alert]:
    yield _nearly_spent()
    yield _exhausted(policies.general.windows.several)


def _nearly_spent() -> Alert:
    return Alert(
        name="BudgetNearlySpent",
        severity="warning",
        expression=f"({names.BUDGET_SPENT_RATIO} >= {_NEARLY:g}) < 1",
        summary=(f"Budget {words.BUDGET}: {words.PERCENT} of the {words.PERIOD} is spent"),
        description=(
            f"{words.PERCENT} of budget {words.BUDGET} for this {words.PERIOD} (UTC) are "
            "spent. When it is used up, runs are skipped and the targets are no longer watched. What it goes "
            "to: probe estimate"
        ),
        board=(COST_BOARD, ()),
        hold="1m",
        keep="5m",
        span="1d",
    )


def _exhausted(window: str) -> Alert:
    skipped = selector(names.RUNS_SKIPPED_TOTAL, 'reason=~"budget_.+"', window=window)
    of_budget = "$labels.budget"
    return Alert(
        name="BudgetExhausted",
        severity="warning",
        expression=f"{names.BUDGET_SPENT_RATIO} >= 1\nor\nincrease({skipped}) > 0.5",
        summary=words.either(
            of_budget,
            f"Budget {words.BUDGET} is used up for this {words.PERIOD}",
            f"Runs of {words.JOB_NAME} are skipped for their budget",
        ),
        description=words.either(
            of_budget,
            f"{words.PERCENT} of budget {words.BUDGET} for this {words.PERIOD} (UTC) are spent",
            f"{words.COUNT} runs of {words.JOB_NAME} were not begun in the last {window} ({words.REASON})",
        )
        + ": targets are not watched until the next period, or until the budget is raised and the "
        "configuration read again.",
        board=(COST_BOARD, ()),
        hold="1m",
        keep="15m",
    )
