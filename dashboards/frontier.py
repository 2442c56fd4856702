"""Speed against price, on boards of every data source: what nothing else beats in both."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.panels import HALF, AnyPanel, PanelText, Query, Size, scatter
from dashboards.style import TOKENS_PER_SECOND, USD

# Names of the two axes.
PRICE = "USD per 1M tokens"
SPEED = "Tokens per second"


def frontier(
    *queries: Query, steps: Sequence[DataTransformerConfig], empty: str, size: Size = HALF
) -> AnyPanel:
    """A point for each target: up is faster, left is cheaper.

    `steps` make one table of the queries, with the columns `target`, `PRICE` and `SPEED`.
    """
    text = PanelText(
        "Speed against price",
        "Median tokens per second over USD per million tokens, input and output mixed as they came. Up is "
        "faster, left is cheaper: nobody should want what has another above and left of it.",
        TOKENS_PER_SECOND,
        empty,
    )
    panel = scatter(text, *queries, across=PRICE, unit=USD, size=size)
    # One frame for each target, so that each point has its name and colour.
    apart = {"fields": ["target"], "keepFields": False}
    for step in (*steps, DataTransformerConfig(id_val="partitionByValues", options=apart)):
        panel.with_transformation(step)
    return panel
