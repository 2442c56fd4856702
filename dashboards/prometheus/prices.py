"""Panels of prices: what they were, are, who says so, and whether providers charge what they say."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.panels import WHOLE, AnyPanel, Says, Size, ask, ask_now, bars, graph, steps
from dashboards.prometheus.shared import NO_PRICE, target_labels
from dashboards.query import LEGEND, SERIES, grown, latest, metric
from dashboards.style import COUNT, FACTOR, USD
from dashboards.tables import Figure, Label, ago, counted, table, usd
from probe.metrics import names

_NOT_SAID = "No provider says what it charges."
_MODEL = "provider, model"
_TYPED = "provider, model, type"
_PRICE = latest(names.MODEL_PRICE_USD_PER_MILLION_TOKENS, by=_TYPED)
_PRICE_METRIC = metric(names.MODEL_PRICE_USD_PER_MILLION_TOKENS)


def row() -> Row:
    return Row(title="Prices", panels=(_history(), _changes(), _in_force()))


def charged() -> Row:
    panels = (_charged_ratio(), _unpriced(), _charged_and_counted())
    return Row(title="Charged against counted", panels=panels, folded=True)


def _history() -> AnyPanel:
    return steps(
        Says(
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
        Says(
            "Price changes in the time shown, per 1M tokens",
            "Lowest, highest and present price where there was a change.",
            USD,
            "No price of what is probed changed in this time.",
        ),
        [*target_labels("model", "provider"), Label(name="type", title="Tokens")],
        [
            counted("Changes", changed),
            usd("Lowest", lowest, decimals=None),
            usd("Highest", highest, decimals=None),
            usd("Now", f"{_PRICE} and {changed}", decimals=None),
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
        Says(
            "Prices in force, per 1M tokens",
            "By whom, when fetched (nothing: configured or bundled), and by which factor sources disagree.",
            USD,
            NO_PRICE,
        ),
        [*target_labels("model", "provider"), Label(name="source", title="By")],
        [
            usd("Input", f"{price('input')} * {of_source}", decimals=None, width=80),
            usd("Output", f"{price('output')} * {of_source}", decimals=None, width=84),
            usd("A request", f"({by_request} > 0) * {of_source}", decimals=None, width=88),
            ago("Fetched", f"{fetched} * {of_source}", width=125),
            Figure(
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
        Says(
            "Charged against counted",
            "What the provider charged for the attempt, divided by what the price in force makes of it.",
            FACTOR,
            _NOT_SAID,
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


def _charged_and_counted() -> AnyPanel:
    return table(
        Says(
            "Charged and counted",
            "What providers say they charged, and what the attempts cost by the price in force, in the time"
            " shown.",
            USD,
            _NOT_SAID,
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
