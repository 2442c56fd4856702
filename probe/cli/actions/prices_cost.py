"""`probe prices cost`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from typer import BadParameter

from probe.catalog.prices.price import plain
from probe.cli.actions.prices_common import amount, opened, price_json
from probe.cli.output.format import token_counts
from probe.cli.output.table import Cell, Column, print_note, print_table
from probe.config import Config
from probe.errors import StoreError
from probe.pricing.recompute import Recomputed, recompute
from probe.reports.format import timestamp

_COLUMNS: Final = (
    Column("when (UTC)"),
    Column("target"),
    Column("tokens", "right"),
    Column("stored", "right"),
    Column("reckoned", "right"),
    Column("charged", "right"),
    Column("price of"),
)


async def recompute_costs(config: Config, texts: Sequence[str]) -> list[Recomputed]:
    """Raises BadParameter, StoreError."""
    ids = [_id(text) for text in texts]
    async with opened(config) as prices:
        found = []
        for result_id in ids:
            sample = await prices.store.results.get(result_id)
            if sample is None:
                raise StoreError(f"there is no result {result_id}")
            found.append(await recompute(prices.store, prices.scope.book, prices.quotes, sample))
        return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadParameter(f"{text!r} is no id of a result", param_hint="'RESULT_ID'") from None


def print_costs(found: Sequence[Recomputed]) -> None:
    print_table(_COLUMNS, [_row(each) for each in found], lead=2)
    if any(each.basis == "now" for each in found):
        print_note("no price of then is known of some: they are reckoned at today's")


def costs_body(found: Sequence[Recomputed]) -> object:
    return [_as_json(each) for each in found]


def _row(each: Recomputed) -> list[Cell | str]:
    sample = each.sample
    return [
        timestamp(sample.started_at),
        sample.target.name,
        token_counts(sample.usage),
        amount(_stored(each)),
        amount(None if each.cost is None else each.cost.total_usd),
        amount(_charged(each)),
        "" if each.price is None else f"{each.price.source} ({each.basis})",
    ]


def _as_json(each: Recomputed) -> dict[str, object]:
    return {
        "result": str(each.sample.id),
        "target": each.sample.target.name,
        "started_at": each.sample.started_at.isoformat(),
        "stored_usd": _exact(_stored(each)),
        "reckoned_usd": _exact(None if each.cost is None else each.cost.total_usd),
        "charged_usd": _exact(_charged(each)),
        "basis": each.basis,
        "price": price_json(each.price),
    }


def _stored(each: Recomputed) -> Decimal | None:
    return None if each.sample.cost is None else each.sample.cost.total_usd


def _charged(each: Recomputed) -> Decimal | None:
    return None if each.sample.reported is None else each.sample.reported.cost_usd


def _exact(usd: Decimal | None) -> str | None:
    return None if usd is None else plain(usd)
