"""The models of the database, for `probe models list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from probe.cli.database import opened_store
from probe.cli.output.table import Cell, Column, print_line, print_note, print_table
from probe.config import Config
from probe.reports import format as board
from probe.reports.models import ModelChoice, ShownModel, shown_models
from probe.store import ModelRecord

# Of a database that knows models.
MAKERS: Final = "`probe models sync` and `probe daemon` make one"
_COLUMNS: Final = (
    Column("provider"),
    Column("model"),
    Column("context", "right"),
    Column("output", "right"),
    Column("USD/M in", "right"),
    Column("USD/M out", "right"),
    Column("probed"),
    Column("standing"),
)


async def read_models(config: Config, provider: str | None, choice: ModelChoice) -> list[ShownModel]:
    """By provider and name. Raises StoreError."""
    async with opened_store(config, MAKERS) as store:
        records = await store.catalog.models(provider)
    return [model for model in shown(config, records) if choice.takes(model)]


def shown(config: Config, records: Sequence[ModelRecord]) -> tuple[ShownModel, ...]:
    return shown_models(records, [(target.provider, target.model) for target in config.targets])


def print_models(models: Sequence[ShownModel]) -> None:
    if not models:
        print_note("no models")
        return
    print_table(_COLUMNS, [_row(model) for model in models], lead=2)


def print_models_json(models: Sequence[ShownModel]) -> None:
    from probe.reports.answers import model_body

    for model in models:
        print_line(model_body(model).model_dump_json())


def standing(model: ShownModel) -> Cell:
    """`listed`, `vanished 2026-11-01`, `retires 2026-12-01`, `deprecated`, `never listed`."""
    record = model.record
    if record.vanished_at is not None:
        return Cell(f"vanished {record.vanished_at.date()}", "red")
    if model.listed and record.retires_on is not None:
        return Cell(f"retires {record.retires_on}", "yellow")
    if model.retiring:
        return Cell(str(record.lifecycle), "yellow")
    return Cell(model.standing)


def _row(model: ShownModel) -> list[Cell | str]:
    record = model.record
    rates = None if record.price is None else record.price.price.rates
    return [
        record.provider,
        record.name,
        board.count(record.context_window),
        board.count(record.max_output_tokens),
        board.usd(None if rates is None else rates.input_per_million_usd).removeprefix("$"),
        board.usd(None if rates is None else rates.output_per_million_usd).removeprefix("$"),
        "yes" if model.probed else "",
        standing(model),
    ]
