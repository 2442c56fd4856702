"""Cost and prices, over exact attempts: what is spent on whom, what prices did, what speed costs."""

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards import links
from dashboards.board import Board, PanelRow
from dashboards.flux import figures
from dashboards.flux.common import each
from dashboards.flux.fields import EVENT, attempt_field
from dashboards.flux.marks import event_marks
from dashboards.flux.panels import ask_flux, legend, line_each, number_with_count, rows
from dashboards.flux.query import (
    SERIES,
    attempts,
    beside,
    binned,
    by,
    changed,
    daemon_status,
    keep,
    measured,
    pipe,
    tagged,
)
from dashboards.flux.variables import chosen_tags, variables
from dashboards.frontier import PRICE, SPEED, frontier
from dashboards.panels import HALF, WHOLE, AnyPanel, PanelText, Size, bars, stacked, stat_panel, steps
from dashboards.source import INFLUXDB
from dashboards.style import AGO, COUNT, RATIO, SPENT, USD, USD_PER_MILLION
from dashboards.tables import Label, NumberColumn
from probe.metrics import names

_LOW = Size(width=24, height=5)
_TABLE = Size(width=24, height=8)
_FIGURE = Size(width=6, height=4)
_NO_PRICE = "No price is known, or nothing was asked in this time."
_LIMIT = ("budget", "period")
_PER_TOKEN = {attempt_field(names.PRICE_USD_PER_MILLION_TOKENS, kind): kind for kind in ("input", "output")}


def board() -> Board:
    return Board(
        uid=links.COST_INFLUX,
        title="Cost and prices (InfluxDB)",
        about="What is spent, on whom, how near are the budgets, what did prices do, what does speed cost?",
        variables=variables(),
        annotations=event_marks(),
        source=INFLUXDB,
        rows=(
            PanelRow(title="In this time", panels=(*_figures(), _budgets())),
            PanelRow(title="Spend", panels=_spend()),
            PanelRow(title="What an answer costs", panels=_answers()),
            PanelRow(title="Prices", panels=_prices()),
        ),
    )


def _figures() -> tuple[AnyPanel, ...]:
    spent = pipe(attempts(figures.COST), by(), "sum()")
    days = "float(v: int(v: v.timeRangeStop) - int(v: v.timeRangeStart)) / float(v: int(v: 30d))"
    return (
        stat_panel(
            PanelText("Spent", "In this time, as far as prices are known.", USD, _NO_PRICE),
            ask_flux(spent),
            size=_FIGURE,
        ),
        stat_panel(
            PanelText(
                "At this rate in 30 days", "What is spent in this time, stretched to 30 days.", USD, _NO_PRICE
            ),
            ask_flux(pipe(spent, changed(f"r._value / ({days})"))),
            size=_FIGURE,
        ),
        number_with_count(
            stat_panel(
                PanelText("Cost of 1,000", "Requests, as the suites ask them.", USD, _NO_PRICE),
                ask_flux(figures.mean_cost_per_thousand(())),
                size=_FIGURE,
            ),
            pipe(attempts(figures.COST), by(), "count()"),
        ),
        stat_panel(
            PanelText(
                "Without a known cost",
                "Successful attempts that have no price, or no count of tokens: they are in no sum here.",
                COUNT,
            ),
            ask_flux(_unpriced()),
            size=_FIGURE,
        ),
    )


def _unpriced() -> str:
    answered = pipe(attempts(figures.SUCCESS, where=figures.OK), by(), "count()")
    priced = pipe(attempts(figures.COST, where=figures.OK), by(), "count()", changed("-r._value"))
    return pipe(f"union(tables: [{answered}, {priced}])", by(), "sum()")


def _used() -> str:
    """The share of each limit that is spent or reserved; all of it where no run fits any more."""
    told = {
        name: pipe(daemon_status(metric), by(*_LIMIT), 'sort(columns: ["_time"])', "last()")
        for name, metric in (
            ("spent", names.BUDGET_SPENT_USD),
            ("reserved", names.BUDGET_RESERVED_USD),
            ("limit", names.BUDGET_LIMIT_USD),
            ("exhausted", names.BUDGET_EXHAUSTED),
        )
    }
    share = "(r.spent + r.reserved) / r.limit"
    return pipe(
        beside(told, _LIMIT),
        "filter(fn: (r) => r.limit > 0.0)",
        f"map(fn: (r) => ({{r with _value: if r.exhausted > 0.0 and {share} < 1.0 then 1.0 else {share}}}))",
        'drop(columns: ["spent", "reserved", "limit", "exhausted"])',
        by(*_LIMIT),
    )


def _budgets() -> AnyPanel:
    panel = bars(
        PanelText(
            "Budgets",
            "Spent and reserved of each limit in this day or month (UTC). Red: no further run fits.",
            RATIO,
            "no budget",
        ),
        ask_flux(_used()),
        size=_LOW,
        at=SPENT,
    )
    return panel.max(1).display_name(legend("budget", "period"))


def _spend() -> tuple[AnyPanel, ...]:
    return (
        _spent_on("Spend by provider", "provider"),
        _spent_on("Spend by model", "provider", "model"),
        line_each(
            PanelText("Spent so far", "Added up from the beginning of this time.", USD, _NO_PRICE),
            pipe(attempts(figures.COST), by("provider"), binned("sum"), "cumulativeSum()"),
            "provider",
        ),
        line_each(
            PanelText("Budgets over time", "The largest share of each limit.", RATIO, "No budget is known."),
            pipe(daemon_status(names.BUDGET_SPENT_RATIO), by("budget", "period"), binned("max")),
            "budget",
            "period",
        ),
    )


def _spent_on(title: str, *keys: str) -> AnyPanel:
    query = pipe(attempts(figures.COST), by(*keys), binned("sum"))
    text = PanelText(title, "In each step of time, as far as prices are known.", USD, _NO_PRICE)
    return stacked(text, ask_flux(query)).display_name(legend(*keys))


def _answers() -> tuple[AnyPanel, ...]:
    about = "What each attempt cost; where they do not fit, the dearest of each step of time."
    return (
        each("Each answer", about, USD, figures.COST, size=WHOLE),
        rows(
            PanelText("Cost by target", "Of the n attempts whose cost is known.", USD, _NO_PRICE),
            beside(
                {
                    "spent": pipe(attempts(figures.COST), by(*SERIES), "sum()"),
                    "half": figures.field_percentile(figures.COST, 0.5, SERIES),
                    "most": pipe(attempts(figures.COST), by(*SERIES), "max()"),
                    "thousand": figures.mean_cost_per_thousand(SERIES),
                    "million": figures.mean_cost_per_million(SERIES),
                    "n": pipe(attempts(figures.COST), by(*SERIES), "count()", "toFloat()"),
                },
                SERIES,
            ),
            (
                Label(name="target", title="Target", width=200, grows=True),
                Label(name="connection", title="Conn.", width=70),
                NumberColumn(title="Spent", expression="spent", unit=USD, decimals=4),
                NumberColumn(title="Median", expression="half", unit=USD, decimals=6),
                NumberColumn(title="Dearest", expression="most", unit=USD, decimals=6),
                NumberColumn(title="Per 1k", expression="thousand", unit=USD, decimals=4),
                NumberColumn(title="Per 1M tokens", expression="million", unit=USD, decimals=3),
                NumberColumn(title="n", expression="n", unit=COUNT, width=64, decimals=0),
            ),
            sort_by="Spent",
            descending=True,
            size=_TABLE,
        ),
    )


def _prices() -> tuple[AnyPanel, ...]:
    history = pipe(attempts(*_PER_TOKEN), binned("max"), by("provider", "model", "_field"), binned("max"))
    text = PanelText(
        "Price history",
        "Prices that attempts were counted at; a step is a change.",
        USD_PER_MILLION,
        _NO_PRICE,
    )
    panel = steps(text, ask_flux(pipe(history, _kind_of_token())), size=WHOLE)
    events = pipe(
        measured(
            EVENT, 'r._field == "text"', tagged("kind", "=~", "^price"), chosen_tags("provider", "model")
        ),
        keep("_time", "_value", "provider", "model"),
        "group()",
        'sort(columns: ["_time"], desc: true)',
    )
    return (
        panel.display_name(legend("provider", "model", "type")),
        rows(
            PanelText(
                "What happened to prices",
                "Changed, held for review, disagreeing.",
                USD,
                "Nothing in this time.",
            ),
            events,
            (
                NumberColumn(title="When", expression="_time", unit=AGO, width=140),
                Label(name="provider", title="Provider", width=110),
                Label(name="model", title="Model", width=150),
                Label(name="_value", title="What"),
            ),
            size=HALF,
        ),
        _frontier(),
    )


def _frontier() -> AnyPanel:
    target, connection = SERIES
    query = pipe(
        beside(
            {
                PRICE: figures.mean_cost_per_million(SERIES),
                SPEED: figures.field_percentile(figures.TPS, 0.5, SERIES),
            },
            SERIES,
        ),
        f'filter(fn: (r) => exists r["{PRICE}"] and exists r["{SPEED}"])',
        f'map(fn: (r) => ({{r with {target}: r.{target} + " · " + r.{connection}}}))',
        f'keep(columns: ["{target}", "{PRICE}", "{SPEED}"])',
    )
    order = {"indexByName": {target: 0, PRICE: 1, SPEED: 2}}
    in_order = DataTransformerConfig(id_val="organize", options=order)
    return frontier(ask_flux(query), steps=(in_order,), empty=_NO_PRICE)


def _kind_of_token() -> str:
    """The kind of token as the label that it is of the metric, read off the field."""
    kinds = " ".join(f'if r._field == "{field}" then "{kind}" else' for field, kind in _PER_TOKEN.items())
    return pipe(
        f'map(fn: (r) => ({{r with type: {kinds} "other"}}))',
        keep("_time", "_value", "provider", "model", "type"),
        by("provider", "model", "type"),
    )
