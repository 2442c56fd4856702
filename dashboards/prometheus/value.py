"""Panels of value: speed against price."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.board import Row
from dashboards.panels import TALL, AnyPanel, Says, ask_rows, scatter
from dashboards.prometheus.shared import NO_PRICE, cost_per_million, target_labels
from dashboards.query import SERIES, latest, mean
from dashboards.style import COUNT, TOKENS_PER_SECOND, USD
from dashboards.tables import Figure, counted, table
from probe.metrics import names

_PRICE = "USD per 1M tokens"


def row() -> Row:
    return Row(title="Value: speed against price", panels=(_frontier(), _values()))


def _frontier() -> AnyPanel:
    """A point for each target: up is faster, left is cheaper."""
    says = Says(
        "Speed against price",
        "Mean tokens per second over USD per million tokens, input and output mixed as they came. Up is "
        "faster, left is cheaper: nobody should want what has another above and left of it.",
        TOKENS_PER_SECOND,
        NO_PRICE,
    )
    panel = scatter(
        says,
        ask_rows(f"{cost_per_million(SERIES)} > 0", "A"),
        ask_rows(mean(names.TOKENS_PER_SECOND, by=SERIES), "B"),
        across=_PRICE,
        unit=USD,
        size=TALL,
    )
    for step in _points():
        panel.with_transformation(step)
    return panel


def _points() -> list[DataTransformerConfig]:
    """One frame for each target, so that each point has its name and colour."""
    columns = {"Value #A": _PRICE, "Value #B": "Tokens per second"}
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
            NO_PRICE,
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
            counted("n", latest(names.WINDOW_ATTEMPTS), width=60),
        ],
        sort_by="Value",
        descending=True,
        size=TALL,
    )
