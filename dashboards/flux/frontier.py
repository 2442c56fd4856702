"""Speed against price: what no other target beats in both."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.flux import figures
from dashboards.flux.panels import ask
from dashboards.flux.query import SERIES, beside, pipe
from dashboards.panels import AnyPanel, Says, scatter
from dashboards.style import TOKENS_PER_SECOND, USD

_PRICE = "USD per 1M tokens"
_SPEED = "Tokens per second"


def frontier() -> AnyPanel:
    """A point for each series: up is faster, left is cheaper."""
    target, connection = SERIES
    query = pipe(
        beside({_PRICE: figures.cost_per_million(SERIES), _SPEED: figures.mean(figures.TPS, SERIES)}, SERIES),
        f'filter(fn: (r) => exists r["{_PRICE}"] and exists r["{_SPEED}"])',
        f'map(fn: (r) => ({{r with {target}: r.{target} + " · " + r.{connection}}}))',
        f'keep(columns: ["{target}", "{_PRICE}", "{_SPEED}"])',
    )
    says = Says(
        "Speed against price",
        "Mean tokens per second over USD per million tokens, in and out as they came. Up is faster, left is "
        "cheaper: nobody should want what has another above and left of it.",
        TOKENS_PER_SECOND,
        "No price is known.",
    )
    panel = scatter(says, ask(query), across=_PRICE, unit=USD)
    order = {"indexByName": {target: 0, _PRICE: 1, _SPEED: 2}}
    apart = {"fields": [target], "keepFields": False}
    panel.with_transformation(DataTransformerConfig(id_val="organize", options=order))
    return panel.with_transformation(DataTransformerConfig(id_val="partitionByValues", options=apart))
