"""Nominal prices of the bundled simulated models, so that a board without any key shows costs too.

Nobody charges them. They stand for a small, a middling and a large model of 2026.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from probe.catalog.prices.price import Price
from probe.facts.rates import Rates

_SOURCE = "nominal"


def _nominal(input_usd: str, cached_usd: str, output_usd: str) -> Price:
    return Price(
        rates=Rates(
            input_per_million_usd=Decimal(input_usd),
            cached_input_per_million_usd=Decimal(cached_usd),
            output_per_million_usd=Decimal(output_usd),
        ),
        source=_SOURCE,
    )


_PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "sim-swift": _nominal("0.05", "0.05", "0.08"),
        "sim-steady": _nominal("0.15", "0.075", "0.60"),
        "sim-moody": _nominal("2.50", "1.25", "10.00"),
    }
)


def nominal_price(model: str) -> Price | None:
    """The price of a bundled simulated model, its parameters aside; None for anything else."""
    return _PRICES.get(model.partition("?")[0])
