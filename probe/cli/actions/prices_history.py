"""`probe prices history`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from typer import BadParameter

from probe.catalog.prices.price import price_to_json
from probe.cli.actions.prices_common import amount, opened
from probe.cli.output.format import instant
from probe.cli.output.table import Cell, Column, print_line, print_note, print_table
from probe.config import Config
from probe.store import PriceRecord
from probe.store.prices import price_of

_COLUMNS: Final = (
    Column("from (UTC)"),
    Column("input", "right"),
    Column("cached", "right"),
    Column("cache write", "right"),
    Column("output", "right"),
    Column("reasoning", "right"),
    Column("request", "right"),
    Column("source"),
    Column("effective"),
)


async def read_history(config: Config, name: str) -> Sequence[PriceRecord]:
    """Raises BadParameter, StoreError."""
    provider, _, model = name.partition("/")
    if not provider or not model:
        raise BadParameter(f"{name!r} is not provider/model", param_hint="'PROVIDER/MODEL'")
    async with opened(config) as prices:
        return await prices.store.prices.history(provider, model)


def print_history(records: Sequence[PriceRecord]) -> None:
    if not records:
        print_note("no price was noted yet")
        return
    print_table(_COLUMNS, [_row(record) for record in records])


def print_history_json(records: Sequence[PriceRecord]) -> None:
    print_line(
        json.dumps(
            [{"from": record.at.isoformat(), **price_to_json(price_of(record))} for record in records],
            indent=2,
        )
    )


def _row(record: PriceRecord) -> list[Cell | str]:
    return [
        instant(record.at),
        amount(record.input_usd),
        amount(record.cached_input_usd),
        amount(record.cache_write_usd),
        amount(record.output_usd),
        amount(record.reasoning_usd),
        amount(record.request_usd),
        record.source,
        "" if record.effective_on is None else record.effective_on.isoformat(),
    ]
