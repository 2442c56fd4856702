"""Cost and prices: what the probes spend, against which budget, and what each provider asks for."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, Row
from dashboards.panels import (
    HALF,
    AnyPanel,
    Says,
    Size,
    ask,
    ask_now,
    ask_rows,
    bars,
    graph,
    number,
    scatter,
    stacked,
    steps,
)
from dashboards.prometheus.shared import cost_per_thousand, simulated, target_labels
from dashboards.query import LEGEND, SERIES, grown, latest, mean, metric
from dashboards.style import (
    AGO,
    ANY_IS_ODD,
    COUNT,
    FACTOR,
    RATIO,
    SPENT,
    TOKENS_PER_SECOND,
    USD,
    as_milliseconds,
)
from dashboards.tables import Figure, Label, table, usd
from dashboards.variables import datasource, narrowing
from probe.metrics import names

_NO_PRICE = "No price is known of what is probed: see probe prices."
_PER_MILLION = "USD per 1M tokens"
_NO_BUDGET = "No budget is configured."
_MODEL = "provider, model"
_TYPED = "provider, model, type"
_PRICE = latest(names.MODEL_PRICE_USD_PER_MILLION_TOKENS, by=_TYPED)
_PRICE_METRIC = metric(names.MODEL_PRICE_USD_PER_MILLION_TOKENS)
# Models, whoever serves them, with the price of each kind of token.
_PRICE_LABELS = (*target_labels("model", "provider"), Label(name="type", title="Tokens"))


def board() -> Board:
    return Board(
        uid=links.COST,
        title="Cost and prices",
        about="What do the probes spend, against which budget, and who gives most for the money?",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            Row(title="Spend and budget", panels=(*_sums(), _budgets(), _budget_table())),
            Row(
                title="Who spends it", panels=(_spend("provider"), _spend(_MODEL), _answers(), _per_answer())
            ),
            Row(title="Prices", panels=(_history(), _changes(), _in_force())),
            Row(title="Value: speed against price", panels=(_frontier(), _values())),
            Row(title="Charged against counted", panels=(_charged(), _unpriced(), _word()), folded=True),
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
                _NO_PRICE,
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


def _budgets() -> AnyPanel:
    return bars(
        Says("Budgets", "Spent of each limit in this day or month (UTC).", RATIO, _NO_BUDGET),
        ask_now(latest(names.BUDGET_SPENT_RATIO, by="budget, period"), "{{budget}}, this {{period}}"),
        at=SPENT,
    ).max(1)


def _budget_table() -> AnyPanel:
    by = "budget, period"
    return table(
        Says("Budgets in USD", "Reserved: what runs under way are estimated to take yet.", USD, _NO_BUDGET),
        [Label(name="budget", title="Budget"), Label(name="period", title="Period")],
        [
            Figure(title="Spent", expression=latest(names.BUDGET_SPENT_USD, by=by), unit=USD, decimals=4),
            Figure(
                title="Reserved", expression=latest(names.BUDGET_RESERVED_USD, by=by), unit=USD, decimals=4
            ),
            Figure(title="Limit", expression=latest(names.BUDGET_LIMIT_USD, by=by), unit=USD, decimals=2),
            Figure(
                title="Share",
                expression=latest(names.BUDGET_SPENT_RATIO, by=by),
                unit=RATIO,
                at=SPENT,
                cell="light",
                decimals=1,
            ),
        ],
        sort_by="Share",
        descending=True,
        size=HALF,
    )


def _spend(by: str) -> AnyPanel:
    whom = "provider" if by == "provider" else "model"
    legend = " · ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    return stacked(
        Says(f"Spend by {whom}", "As far as prices are known.", USD, _NO_PRICE),
        ask(f"{grown(names.COST_USD_TOTAL, by=by, over='$__rate_interval')} > 0", legend),
    )


def _answers() -> AnyPanel:
    return graph(
        Says("Cost of each answer", "At the price in force at that instant.", USD, _NO_PRICE),
        ask(latest(names.LAST_COST_USD), LEGEND),
    )


def _per_answer() -> AnyPanel:
    tokens = grown(names.TOKENS_TOTAL, 'type=~"input|output"', by=SERIES)
    return table(
        Says(
            "Cost of 1,000 requests",
            "In the time shown; per million tokens of input and output mixed.",
            USD,
            _NO_PRICE,
        ),
        target_labels("target", "connection", "kind"),
        [
            Figure(title="Spent", expression=grown(names.COST_USD_TOTAL, by=SERIES), unit=USD, decimals=4),
            Figure(title="Per 1k", expression=cost_per_thousand(SERIES), unit=USD, decimals=4),
            Figure(
                title="Per 1M tokens",
                expression=f"1e6 * {grown(names.COST_USD_TOTAL, by=SERIES)} / ({tokens} > 0)",
                unit=USD,
                decimals=3,
            ),
        ],
        sort_by="Per 1k",
        descending=True,
        size=HALF,
    )


def _history() -> AnyPanel:
    return steps(
        Says(
            "Price history, per 1M tokens",
            "Prices in force of what is probed; a step is a change.",
            USD,
            _NO_PRICE,
        ),
        ask(_PRICE, "{{provider}} · {{model}} · {{type}}"),
        size=Size(width=24, height=9),
    )


def _changes() -> AnyPanel:
    changed = f"max by ({_TYPED}) (changes({_PRICE_METRIC}[$__range])) > 0"
    before = f"max by ({_TYPED}) (min_over_time({_PRICE_METRIC}[$__range])) and {changed}"
    highest = f"max by ({_TYPED}) (max_over_time({_PRICE_METRIC}[$__range])) and {changed}"
    return table(
        Says(
            "Price changes in the time shown, per 1M tokens",
            "Lowest, highest and present price where there was a change.",
            USD,
            "No price of what is probed changed in this time.",
        ),
        _PRICE_LABELS,
        [
            Figure(title="Changes", expression=changed, unit=COUNT, decimals=0),
            Figure(title="Lowest", expression=before, unit=USD),
            Figure(title="Highest", expression=highest, unit=USD),
            Figure(title="Now", expression=f"{_PRICE} and {changed}", unit=USD),
        ],
        sort_by="Model",
        size=Size(width=10, height=9),
    )


def _in_force() -> AnyPanel:
    def price(kind: str) -> str:
        return latest(names.MODEL_PRICE_USD_PER_MILLION_TOKENS, f'type="{kind}"', by=_MODEL)

    source = f"max by ({_MODEL}, source) ({metric(names.MODEL_PRICE_SOURCE_INFO)})"
    of_source = f"on ({_MODEL}) group_right () {source}"
    return table(
        Says(
            "Prices in force, per 1M tokens",
            "By whom, when fetched (nothing: configured or bundled), and by which factor sources disagree.",
            USD,
            _NO_PRICE,
        ),
        [*target_labels("model", "provider"), Label(name="source", title="By")],
        [
            Figure(title="Input", expression=f"{price('input')} * {of_source}", unit=USD),
            Figure(title="Output", expression=f"{price('output')} * {of_source}", unit=USD),
            Figure(
                title="A request",
                expression=f"({latest(names.MODEL_PRICE_USD_PER_REQUEST, by=_MODEL)} > 0) * {of_source}",
                unit=USD,
            ),
            Figure(
                title="Fetched",
                expression=as_milliseconds(
                    f"{latest(names.MODEL_PRICE_FETCHED_TIMESTAMP_SECONDS, by=_MODEL)} * {of_source}"
                ),
                unit=AGO,
            ),
            Figure(
                title="Disagree",
                expression=f"{latest(names.MODEL_PRICE_DISAGREEMENT_RATIO, by=_MODEL)} * {of_source}",
                unit=FACTOR,
                decimals=2,
            ),
        ],
        sort_by="Output",
        size=Size(width=14, height=9),
    )


def _frontier() -> AnyPanel:
    """A point for each target: up is faster, left is cheaper."""
    tokens = grown(names.TOKENS_TOTAL, 'type=~"input|output"', by=SERIES)
    says = Says(
        "Speed against price",
        "Mean tokens per second over USD per million tokens, input and output mixed as they came. Up is "
        "faster, left is cheaper: nobody should want what has another above and left of it.",
        TOKENS_PER_SECOND,
        _NO_PRICE,
    )
    panel = scatter(
        says,
        ask_rows(f"1e6 * {grown(names.COST_USD_TOTAL, by=SERIES)} / ({tokens} > 0) > 0", "A"),
        ask_rows(mean(names.TOKENS_PER_SECOND, by=SERIES), "B"),
        across=_PER_MILLION,
        unit=USD,
        size=Size(width=12, height=10),
    )
    for step in _points():
        panel.with_transformation(step)
    return panel


def _points() -> list[DataTransformerConfig]:
    """One frame for each target, so that each point has its name and colour."""
    columns = {"Value #A": _PER_MILLION, "Value #B": "Tokens per second"}
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": ["target", *columns]}}
        ),
        DataTransformerConfig(id_val="organize", options={"renameByName": columns}),
        DataTransformerConfig(
            id_val="partitionByValues", options={"fields": ["target"], "keepFields": False}
        ),
    ]


def _values() -> AnyPanel:
    return table(
        Says(
            "Value score",
            "Tokens per second for each USD per million tokens, over the last 24 h.",
            COUNT,
            _NO_PRICE,
        ),
        target_labels("target", "connection", "kind"),
        [
            Figure(title="Value", expression=latest(names.VALUE_SCORE), unit=COUNT, cell="gauge"),
            Figure(
                title="TPS",
                expression=mean(names.TOKENS_PER_SECOND, by=SERIES),
                unit=TOKENS_PER_SECOND,
                decimals=1,
            ),
            Figure(title="n", expression=latest(names.WINDOW_ATTEMPTS), unit=COUNT, width=60, decimals=0),
        ],
        sort_by="Value",
        descending=True,
        size=Size(width=12, height=10),
    )


def _charged() -> AnyPanel:
    return graph(
        Says(
            "Charged against counted",
            "What the provider charged for the attempt, divided by what the price in force makes of it.",
            FACTOR,
            "No provider says what it charges.",
        ),
        ask(latest(names.LAST_CHARGED_RATIO), LEGEND),
    )


def _unpriced() -> AnyPanel:
    return bars(
        Says(
            "Attempts without a price", "In the time shown, by target.", COUNT, "Every attempt has a price."
        ),
        ask_now(f"round({grown(names.UNPRICED_ATTEMPTS_TOTAL, by=SERIES)}) > 0", LEGEND),
    )


def _word() -> AnyPanel:
    return table(
        Says(
            "Charged and counted",
            "What providers say they charged, and what the attempts cost by the price in force, in the time"
            " shown.",
            USD,
            "No provider says what it charges.",
        ),
        target_labels("target", "connection", "kind", "provider"),
        [
            usd("Charged", f"{grown(names.CHARGED_USD_TOTAL, by=SERIES)} > 0"),
            usd("Counted", grown(names.COST_USD_TOTAL, by=SERIES)),
        ],
        sort_by="Charged",
        descending=True,
        size=Size(width=24, height=7),
    )
