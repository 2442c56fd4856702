"""`probe prices history`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from typer import BadParameter

from probe.catalog.prices.price import DatedPrice
from probe.cli.actions.prices_common import amount, opened, rate_cells, rate_columns
from probe.cli.output.table import Cell, Column, print_note, print_table
from probe.config import Config
from probe.reports.format import timestamp
from probe.reports.schemas import DatedPriceBody

_COLUMNS: Final = (
    Column("from (UTC)"),
    *rate_columns(),
    Column("request", "right"),
    Column("source"),
    Column("effective"),
)


async def read_history(config: Config, name: str) -> Sequence[DatedPrice]:
    """Raises BadParameter, StoreError."""
    provider, _, model = name.partition("/")
    if not provider or not model:
        raise BadParameter(f"{name!r} is not provider/model", param_hint="'PROVIDER/MODEL'")
    async with opened(config) as prices:
        return await prices.store.prices.history(provider, model)


def print_history(history: Sequence[DatedPrice]) -> None:
    if not history:
        print_note("no price was noted yet")
        return
    print_table(_COLUMNS, [_row(dated) for dated in history])


def history_body(history: Sequence[DatedPrice]) -> list[DatedPriceBody]:
    return [DatedPriceBody.since(dated) for dated in history]


def _row(dated: DatedPrice) -> list[Cell | str]:
    at, price = dated
    return [
        timestamp(at),
        *rate_cells(price.rates),
        amount(price.request_usd),
        price.source,
        "" if price.effective_on is None else price.effective_on.isoformat(),
    ]
