"""Cost and prices: what the probes spend, against which budget, and what each provider asks for."""

from __future__ import annotations

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, Row
from dashboards.panels import HALF, AnyPanel, Says, ask, ask_now, graph, number, stacked
from dashboards.prometheus import prices, value
from dashboards.prometheus.shared import (
    NO_BUDGET,
    NO_PRICE,
    budgets,
    cost_per_million,
    cost_per_thousand,
    simulated,
    target_labels,
)
from dashboards.query import LEGEND, SERIES, grown, latest
from dashboards.style import ANY_IS_ODD, COUNT, SPENT, USD
from dashboards.tables import Label, share, table, usd
from dashboards.variables import datasource, narrowing
from probe.metrics import names


def board() -> Board:
    return Board(
        uid=links.COST,
        title="Cost and prices",
        about="What do the probes spend, against which budget, and who gives most for the money?",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            Row(title="Spend and budget", panels=(*_sums(), budgets(), _budget_table())),
            Row(
                title="Who spends it",
                panels=(
                    _spend("provider", "provider"),
                    _spend("model", "provider", "model"),
                    _answers(),
                    _per_answer(),
                ),
            ),
            prices.row(),
            value.row(),
            prices.charged(),
        ),
    )


def _sums() -> tuple[AnyPanel, ...]:
    today = latest(names.SPEND_TODAY_USD, by="provider")
    month = latest(names.JOB_ESTIMATED_MONTH_COST_USD, by="job_name")
    return (
        number(
            Says(
                "Spent in this time", "By what is chosen above, as far as prices are known.", USD, "nothing"
            ),
            ask_now(grown(names.COST_USD_TOTAL)),
        ),
        number(
            Says("Spent today", "Since midnight UTC, by all probes on this database.", USD, "nothing"),
            ask_now(f"sum({today})"),
        ),
        number(
            Says(
                "Next 30 days",
                "What the schedule is estimated to cost, as far as prices are known.",
                USD,
                NO_PRICE,
            ),
            ask_now(f"sum({month})"),
        ),
        number(
            Says("Without a price", "Successful attempts in this time whose cost is unknown.", COUNT),
            ask_now(f"round({grown(names.UNPRICED_ATTEMPTS_TOTAL)})"),
            at=ANY_IS_ODD,
        ),
        number(
            Says("Prices held", "Prices that jump and wait for `probe prices review`.", COUNT, "no probe"),
            ask_now(latest(names.PRICES_HELD, by="")),
            at=ANY_IS_ODD,
        ),
        simulated(),
    )


def _budget_table() -> AnyPanel:
    by = "budget, period"
    return table(
        Says("Budgets in USD", "Reserved: what runs under way are estimated to take yet.", USD, NO_BUDGET),
        [Label(name="budget", title="Budget"), Label(name="period", title="Period")],
        [
            usd("Spent", latest(names.BUDGET_SPENT_USD, by=by)),
            usd("Reserved", latest(names.BUDGET_RESERVED_USD, by=by)),
            usd("Limit", latest(names.BUDGET_LIMIT_USD, by=by), decimals=2),
            share("Share", latest(names.BUDGET_SPENT_RATIO, by=by), at=SPENT, cell="light"),
        ],
        sort_by="Share",
        descending=True,
        size=HALF,
    )


def _spend(whom: str, *labels: str) -> AnyPanel:
    spent = grown(names.COST_USD_TOTAL, by=", ".join(labels), over="$__rate_interval")
    legend = " · ".join(f"{{{{{label}}}}}" for label in labels)
    return stacked(
        Says(f"Spend by {whom}", "As far as prices are known.", USD, NO_PRICE), ask(f"{spent} > 0", legend)
    )


def _answers() -> AnyPanel:
    return graph(
        Says("Cost of each answer", "At the price in force at that instant.", USD, NO_PRICE),
        ask(latest(names.LAST_COST_USD), LEGEND),
    )


def _per_answer() -> AnyPanel:
    return table(
        Says(
            "Cost of 1,000 requests",
            "In the time shown; per million tokens of input and output mixed.",
            USD,
            NO_PRICE,
        ),
        target_labels("target", "connection", "kind"),
        [
            usd("Spent", grown(names.COST_USD_TOTAL, by=SERIES)),
            usd("Per 1k", cost_per_thousand(SERIES)),
            usd("Per 1M tokens", cost_per_million(SERIES), decimals=3),
        ],
        sort_by="Per 1k",
        descending=True,
        size=HALF,
    )
