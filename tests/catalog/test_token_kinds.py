"""The fields of `Rates` are the only list of the kinds of tokens: everything that names them follows from it.

Expected are names derived from the list; a kind that is added to it has to turn up everywhere here.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from exporters.influxdb.facts import price_line
from probe.catalog.prices.compare import change_between
from probe.catalog.prices.price import (
    DatedPrice,
    Price,
    PriceEntry,
    Tier,
    amounts_to_json,
    cost_of,
    price_from_json,
    price_to_json,
)
from probe.catalog.prices.quote import price_problem
from probe.cli.actions.price_session import rate_cells, rate_columns
from probe.config.probing import PriceConfig
from probe.facts.rates import TOKEN_KINDS, Rates, TokenKind
from probe.facts.sample import Usage
from probe.metrics.money import PRICE_FAMILIES
from probe.reports.prices import DatedPriceBody, PriceBody
from probe.store.schema import prices

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEYS = [each.name for each in fields(Rates)]
KINDS = [key.removesuffix("_per_million_usd") for key in KEYS]
COUNTED = {each.name for each in fields(Usage)}
PARTS = [kind for kind in TOKEN_KINDS if kind.part_of is not None and f"{kind.name}_tokens" in COUNTED]


def rates(**changed: Decimal | None) -> Rates:
    """Each kind at another price: 1, 2, 3 …"""
    amounts: dict[str, Any] = {key: Decimal(place) for place, key in enumerate(KEYS, start=1)}
    return Rates(**(amounts | changed))


def price(**changed: Decimal | None) -> Price:
    return Price(rates=rates(**changed), source="test")


def test_json_has_every_kind_and_comes_back() -> None:
    large = Tier(above_input_tokens=200_000, rates=rates())
    full = Price(rates=rates(), tiers=(large,), source="test", fetched_at=NOW)
    written = json.loads(json.dumps(amounts_to_json(full)))
    assert list(written) == [*KEYS, "request_usd", "tiers"]
    assert list(written["tiers"][0]) == ["above_input_tokens", *KEYS]
    assert list(price_to_json(full)) == [*written, "source", "effective_on", "fetched_at"]
    assert price_from_json(written, source="test", effective_on=None, fetched_at=NOW) == full


def test_the_api_says_what_is_stored_and_printed() -> None:
    """The same keys and the same texts; only instants end in Z."""
    full = Price(rates=rates(), tiers=(Tier(above_input_tokens=9, rates=rates()),), source="test")
    body = PriceBody.from_price(full).model_dump(mode="json")
    assert body == price_to_json(full)
    dated = DatedPriceBody.since(DatedPrice(NOW, full)).model_dump(mode="json")
    assert dated == {**body, "at": "2026-11-30T12:00:00Z"}


def test_every_kind_has_its_column() -> None:
    columns = {each.name for each in prices.columns if each.name.endswith("_price_per_m")}
    assert columns == {f"{kind}_price_per_m" for kind in KINDS}
    page = (ROOT / "docs" / "schema.md").read_text()
    assert all(f"| `{column}` |" in page for column in columns)


def test_every_kind_can_be_configured() -> None:
    assert list(PriceConfig.model_fields) == [*KEYS, "request_usd"]
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert all(f"| `{key}` |" in page for key in KEYS)


def test_every_kind_is_in_the_tables_metrics_and_points() -> None:
    assert [*rate_columns()] == [">" + kind.replace("_", " ") for kind in KINDS]
    assert rate_cells(rates()) == [str(place) for place in range(1, len(KINDS) + 1)]
    assert all(kind in PRICE_FAMILIES[0].help for kind in KINDS)
    line = price_line(PriceEntry(id=uuid4(), provider="p", model="m", price=price(), at=NOW))
    assert all(f"_{kind}={place}" in line for place, kind in enumerate(KINDS, start=1))


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.name)
def test_a_part_costs_what_it_does_or_as_its_whole(kind: TokenKind) -> None:
    counted: dict[str, Any] = {f"{kind.name}_tokens": 1_000_000}
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, **counted)
    own, as_whole = price(**{kind.key: Decimal(100)}), price(**{kind.key: None})
    whole = as_whole.rates.charged()
    costs = [cost_of(each, usage) for each in (own, as_whole)]
    other = next(name for name in ("input", "output") if name != kind.part_of)
    assert [cost.total_usd for cost in costs if cost] == [100 + whole[other], sum_of_wholes(as_whole)]


def sum_of_wholes(of: Price) -> Decimal:
    return sum((of.rates.charged()[kind.name] for kind in TOKEN_KINDS if kind.part_of is None), Decimal(0))


@pytest.mark.parametrize("key", KEYS)
def test_every_kind_is_compared_and_checked(key: str) -> None:
    kind = key.removesuffix("_per_million_usd")
    change = change_between(price(), price(**{key: Decimal(1000)}))
    assert change is not None
    assert (change.part, change.after) == (kind, Decimal(1000))
    assert price_problem(price(**{key: Decimal(-1)})) == f"{kind} is negative"
