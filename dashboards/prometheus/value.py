"""Panels of value: speed against price."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.board import Row
from dashboards.frontier import PRICE, SPEED, frontier
from dashboards.panels import TALL, AnyPanel, Says, ask_rows
from dashboards.prometheus.shared import NO_PRICE, cost_per_million, target_labels
from dashboards.query import SERIES, latest, mean
from dashboards.style import COUNT, TOKENS_PER_SECOND
from dashboards.tables import Figure, counted, table
from probe.metrics import names


def row() -> Row:
    return Row(title="Value: speed against price", panels=(_frontier(), _values()))


def _frontier() -> AnyPanel:
    columns = {"Value #A": PRICE, "Value #B": SPEED}
    return frontier(
        ask_rows(f"{cost_per_million(SERIES)} > 0", "A"),
        ask_rows(mean(names.TOKENS_PER_SECOND, by=SERIES), "B"),
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
        Says(
            "Value score",
            "Tokens per second for each USD per million tokens, over the last 24 h; TPS is that of the time "
            "shown.",
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
