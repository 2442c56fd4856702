"""Exact amounts inside JSON: decimals as text, since a JSON number becomes a binary fraction in most readers.

A price is
`{"input": "0.15", "output": "0.6", "cached_input": "0.075", "cache_write": null, "reasoning": null,
"request_usd": "0", "tiers": [{"above_input_tokens": 200000, "input": …}]}`,
USD per million tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from probe.catalog.prices.price import Price, Rates, Tier
from probe.store.rows import clean

_RATES = {
    "input": "input_per_million_usd",
    "output": "output_per_million_usd",
    "cached_input": "cached_input_per_million_usd",
    "cache_write": "cache_write_per_million_usd",
    "reasoning": "reasoning_per_million_usd",
}


def plain(amount: Decimal) -> str:
    """All digits, without an exponent and without zeros at the end: equal amounts are equal texts."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_to_json(price: Price) -> dict[str, Any]:
    """The amounts; source and dates have columns of their own."""
    return {
        **_rates_to_json(price.rates),
        "request_usd": plain(price.request_usd),
        "tiers": tiers_to_json(price.tiers),
    }


def price_from_json(
    data: Mapping[str, Any], *, source: str, effective: date | None, fetched_at: datetime | None
) -> Price:
    return Price(
        rates=_rates_from_json(data),
        tiers=tiers_from_json(data["tiers"]),
        request_usd=Decimal(data["request_usd"]),
        source=source,
        effective=effective,
        fetched_at=fetched_at,
    )


def tiers_to_json(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    return [{"above_input_tokens": tier.above_input_tokens, **_rates_to_json(tier.rates)} for tier in tiers]


def tiers_from_json(data: Sequence[Mapping[str, Any]] | None) -> tuple[Tier, ...]:
    return tuple(
        Tier(above_input_tokens=tier["above_input_tokens"], rates=_rates_from_json(tier))
        for tier in data or ()
    )


def json_value(value: object) -> Any:
    """The value as both databases can hold it: decimals, dates and ids become text, no number becomes null.

    Raises TypeError where it is nothing that JSON has a form of.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value)
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return plain(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {clean(str(key)): json_value(each) for key, each in value.items()}
        case Sequence() | frozenset() | set():
            return [json_value(each) for each in value]
        case _:
            raise TypeError(f"no JSON of {type(value).__name__}")


def _rates_to_json(rates: Rates) -> dict[str, str | None]:
    amounts = {name: getattr(rates, field) for name, field in _RATES.items()}
    return {name: None if amount is None else plain(amount) for name, amount in amounts.items()}


def _rates_from_json(data: Mapping[str, Any]) -> Rates:
    fields: dict[str, Any] = {
        field: None if data[name] is None else Decimal(data[name]) for name, field in _RATES.items()
    }
    return Rates(**fields)
