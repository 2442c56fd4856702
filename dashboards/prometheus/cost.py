"""Cost and prices: what the probes spend, against which budget, and what each provider asks for."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.frontier import PRICE, SPEED, frontier
from dashboards.panels import (
    HALF,
    TALL,
    WHOLE,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    ask_rows,
    bars,
    graph,
    stacked,
    stat_panel,
    steps,
)
from dashboards.prometheus.shared import (
    NO_BUDGET,
    NO_PRICE,
    budget_bars,
    budget_share,
    cost_per_million,
    cost_per_thousand,
    priced,
    simulated,
    target_labels,
)
from dashboards.query import LEGEND, SERIES, back, grown, in_steps, last_known, latest, metric, n_of, quantile
from dashboards.style import ANY_IS_ODD, COUNT, FACTOR, SPENT, TOKENS_PER_SECOND, USD
from dashboards.tables import Label, NumberColumn, in_count, in_dollars, in_percent, moment, table
from dashboards.variables import datasource, narrowing
from probe.metrics import names


def board() -> Board:
    return Board(
        uid=links.COST,
        title="Cost and prices",
        about="What do the probes spend, against which budget, and who gives most for the money?",
        answer="Budgets",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            PanelRow(title="Spend and budget", panels=(*_sums(), budget_bars(), _budget_table())),
            PanelRow(
                title="Who spends it",
                panels=(
                    _spend("provider", "provider"),
                    _spend("model", "provider", "model"),
                    _answers(),
                    _per_answer(),
                ),
            ),
            prices_row(),
            value_row(),
            charged_row(),
        ),
    )


def _sums() -> tuple[AnyPanel, ...]:
    today = latest(names.SPEND_TODAY_USD, by="provider")
    month = latest(names.JOB_ESTIMATED_MONTH_COST_USD, by="job_name")
    return (
        stat_panel(
            PanelText(
                "Spent",
                "In the time shown, by what is chosen above, as far as prices are known.",
                USD,
                "nothing",
            ),
            ask_now(grown(names.COST_USD_TOTAL)),
        ),
        stat_panel(
            PanelText("Today", "Spent since midnight UTC, by all probes on this database.", USD),
            ask_now(f"sum({today})"),
        ),
        stat_panel(
            PanelText(
                "30 days",
                "What the schedule is estimated to cost, as far as prices are known.",
                USD,
                NO_PRICE,
            ),
            ask_now(f"sum({month})"),
        ),
        stat_panel(
            PanelText("Unpriced", "Successful attempts in this time whose cost is unknown.", COUNT, "none"),
            ask_now(f"round({grown(names.UNPRICED_ATTEMPTS_TOTAL)})"),
            at=ANY_IS_ODD,
        ),
        stat_panel(
            PanelText("Held", "Prices that jump and wait for `probe prices review`.", COUNT, "no probe"),
            ask_now(latest(names.PRICES_HELD, by="")),
            at=ANY_IS_ODD,
        ),
        simulated(),
    )


def _budget_table() -> AnyPanel:
    by = "budget, period"
    return table(
        PanelText(
            "Budgets in USD", "Reserved: what runs under way are estimated to take yet.", USD, NO_BUDGET
        ),
        [Label(name="budget", title="Budget"), Label(name="period", title="Period")],
        [
            in_dollars("Spent", latest(names.BUDGET_SPENT_USD, by=by)),
            in_dollars("Reserved", latest(names.BUDGET_RESERVED_USD, by=by)),
            in_dollars("Limit", latest(names.BUDGET_LIMIT_USD, by=by), decimals=2),
            in_percent("Share", budget_share(by=by), at=SPENT, cell="light"),
        ],
        sort_by="Share",
        descending=True,
        size=HALF,
    )


def _spend(whom: str, *labels: str) -> AnyPanel:
    spent = in_steps(names.COST_USD_TOTAL, by=", ".join(labels))
    legend = " · ".join(f"{{{{{label}}}}}" for label in labels)
    return stacked(
        PanelText(f"Spend by {whom}", "As far as prices are known.", USD, NO_PRICE),
        ask(f"{spent} > 0", legend),
    )


def _answers() -> AnyPanel:
    return graph(
        PanelText("Cost of each answer", "At the price in force at that instant.", USD, NO_PRICE),
        ask(latest(names.LAST_COST_USD), LEGEND),
    )


def _per_answer() -> AnyPanel:
    return table(
        PanelText(
            "Cost of 1,000 requests",
            "In the time shown; per million tokens of input and output mixed.",
            USD,
            NO_PRICE,
        ),
        target_labels("target", "connection", "kind"),
        [
            in_dollars("Spent", f"{grown(names.COST_USD_TOTAL, by=SERIES)} and {priced(SERIES)} > 0"),
            in_dollars("Per 1k", cost_per_thousand(SERIES)),
            in_dollars("Per 1M tokens", cost_per_million(SERIES), decimals=3),
        ],
        sort_by="Per 1k",
        descending=True,
        size=HALF,
    )


_NOT_SAID = "No provider says what it charges."
_MODEL = "provider, model"
_TYPED = "provider, model, type"
_PRICE = latest(names.MODEL_PRICE_USD_PER_MILLION_TOKENS, by=_TYPED)
_PRICE_METRIC = back(metric(names.MODEL_PRICE_USD_PER_MILLION_TOKENS))


def prices_row() -> PanelRow:
    return PanelRow(title="Prices", panels=(_history(), _changes(), _in_force()))


def charged_row() -> PanelRow:
    panels = (_charged_ratio(), _unpriced(), _charged_and_counted())
    return PanelRow(title="Charged against counted", panels=panels, folded=True)


def _history() -> AnyPanel:
    return steps(
        PanelText(
            "Price history, per 1M tokens",
            "Prices in force of what is probed; a step is a change.",
            USD,
            NO_PRICE,
        ),
        ask(_PRICE, "{{provider}} · {{model}} · {{type}}"),
        size=WHOLE,
    )


def _changes() -> AnyPanel:
    changed = f"max by ({_TYPED}) (changes({_PRICE_METRIC}[$__range])) > 0"
    lowest = f"max by ({_TYPED}) (min_over_time({_PRICE_METRIC}[$__range])) and {changed}"
    highest = f"max by ({_TYPED}) (max_over_time({_PRICE_METRIC}[$__range])) and {changed}"
    return table(
        PanelText(
            "Price changes in the time shown, per 1M tokens",
            "Lowest, highest and present price where there was a change.",
            USD,
            "No price of what is probed changed in this time.",
        ),
        [*target_labels("model", "provider"), Label(name="type", title="Tokens")],
        [
            in_dollars("Lowest", lowest, decimals=None),
            in_dollars("Highest", highest, decimals=None),
            in_dollars("Now", f"{_PRICE} and {changed}", decimals=None),
        ],
        sort_by="Model",
        size=Size(width=10, height=9),
    )


def _in_force() -> AnyPanel:
    def price(kind: str) -> str:
        return latest(names.MODEL_PRICE_USD_PER_MILLION_TOKENS, f'type="{kind}"', by=_MODEL)

    by_request = latest(names.MODEL_PRICE_USD_PER_REQUEST, by=_MODEL)
    fetched = latest(names.MODEL_PRICE_FETCHED_TIMESTAMP_SECONDS, by=_MODEL)
    disagreement = latest(names.MODEL_PRICE_DISAGREEMENT_RATIO, by=_MODEL)
    source = f"max by ({_MODEL}, source) ({metric(names.MODEL_PRICE_SOURCE_INFO)})"
    of_source = f"on ({_MODEL}) group_right () {source}"
    return table(
        PanelText(
            "Prices in force, per 1M tokens",
            "By whom, when fetched (nothing: configured or bundled), and by which factor sources disagree.",
            USD,
            NO_PRICE,
        ),
        [*target_labels("model", "provider"), Label(name="source", title="By")],
        [
            in_dollars("Input", f"{price('input')} * {of_source}", decimals=None, width=80),
            in_dollars("Output", f"{price('output')} * {of_source}", decimals=None, width=84),
            in_dollars("A request", f"({by_request} > 0) * {of_source}", decimals=None, width=88),
            moment("Fetched", f"{fetched} * {of_source}", width=125),
            NumberColumn(
                title="Disagree",
                expression=f"{disagreement} * {of_source}",
                unit=FACTOR,
                width=84,
                decimals=2,
            ),
        ],
        sort_by="Output",
        size=Size(width=14, height=9),
    )


def _charged_ratio() -> AnyPanel:
    return graph(
        PanelText(
            "Charged against counted",
            "What the provider charged for the attempt, divided by what the price in force makes of it.",
            FACTOR,
            _NOT_SAID,
        ),
        ask(latest(names.LAST_CHARGED_RATIO), LEGEND),
    )


def _unpriced() -> AnyPanel:
    return bars(
        PanelText(
            "Attempts without a price", "In the time shown, by target.", COUNT, "Every attempt has a price."
        ),
        ask_now(f"round({grown(names.UNPRICED_ATTEMPTS_TOTAL, by=SERIES)}) > 0", LEGEND),
    )


def _charged_and_counted() -> AnyPanel:
    return table(
        PanelText(
            "Charged and counted",
            "What providers say they charged, and what the attempts cost by the price in force, in the time"
            " shown.",
            USD,
            _NOT_SAID,
        ),
        target_labels("target", "connection", "kind", "provider"),
        [
            in_dollars("Charged", f"{grown(names.CHARGED_USD_TOTAL, by=SERIES)} > 0"),
            in_dollars("Counted", grown(names.COST_USD_TOTAL, by=SERIES)),
        ],
        sort_by="Charged",
        descending=True,
        size=Size(width=24, height=7),
    )


_SPEED = quantile(0.5, names.TOKENS_PER_SECOND, by=SERIES)


def value_row() -> PanelRow:
    return PanelRow(title="Value: speed against price", panels=(_frontier(), _values()))


def _frontier() -> AnyPanel:
    columns = {"Value #A": PRICE, "Value #B": SPEED}
    price = f"({cost_per_million(SERIES)} > 0)"
    return frontier(
        # Only what has both is a point, and has a name in the legend.
        ask_rows(f"{price} and {_SPEED}", "A"),
        ask_rows(f"{_SPEED} and {price}", "B"),
        steps=(
            DataTransformerConfig(id_val="merge", options={}),
            DataTransformerConfig(
                id_val="filterFieldsByName", options={"include": {"names": ["target", *columns]}}
            ),
            DataTransformerConfig(id_val="organize", options={"renameByName": columns}),
        ),
        empty=NO_PRICE,
        size=TALL,
    )


def _values() -> AnyPanel:
    return table(
        PanelText(
            "Value score",
            "Median tokens per second for each USD per million tokens, over the last 24 h; TPS is the median "
            "of the n attempts in the time shown.",
            COUNT,
            NO_PRICE,
        ),
        target_labels("target", "connection", "kind"),
        [
            NumberColumn(title="Value", expression=last_known(names.VALUE_SCORE), unit=COUNT, cell="gauge"),
            NumberColumn(title="TPS", expression=_SPEED, unit=TOKENS_PER_SECOND, decimals=1),
            in_count("n", n_of(names.TOKENS_PER_SECOND, by=SERIES)),
        ],
        sort_by="Value",
        descending=True,
        size=TALL,
    )
