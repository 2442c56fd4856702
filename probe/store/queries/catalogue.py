"""Providers, models and runs, as listed by the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from probe.store.discoveries import modalities
from probe.store.engine import Database
from probe.store.paging import decode, encode
from probe.store.prices import PRICE_COLUMNS, price_from_row
from probe.store.queries import keyset
from probe.store.records import ModelRecord, Page, ProviderRecord, RunFilter, RunRecord
from probe.store.schema import benchmark_results as results
from probe.store.schema import models, prices, providers, runs

# Columns that fields of the same name hold.
_MODEL_FIELDS = tuple(column.name for column in models.c if column.name != "provider_id")
_RUN_FIELDS = tuple(column.name for column in runs.c)


async def list_providers(database: Database) -> tuple[ProviderRecord, ...]:
    """By name."""
    statement = sa.select(
        providers.c.id, providers.c.name, providers.c.base_url, providers.c.logo_url, providers.c.created_at
    ).order_by(providers.c.name)
    async with database.read() as connection:
        return tuple(
            ProviderRecord(id=id_, name=name, base_url=base_url, logo_url=logo_url, created_at=created_at)
            for id_, name, base_url, logo_url, created_at in await connection.execute(statement)
        )


async def list_models(database: Database, provider: str | None) -> tuple[ModelRecord, ...]:
    """By provider and name."""
    candidate = prices.alias()
    latest_price = (
        sa.select(candidate.c.id)
        .where(candidate.c.model_id == models.c.id)
        .order_by(candidate.c.timestamp.desc())
        .limit(1)
        .scalar_subquery()
    )
    last_seen = (
        sa.select(sa.func.max(results.c.created_at))
        .where(results.c.model_id == models.c.id)
        .scalar_subquery()
    )
    statement = (
        sa.select(providers.c.name, last_seen, *(models.c[name] for name in _MODEL_FIELDS), *PRICE_COLUMNS)
        .join(providers, providers.c.id == models.c.provider_id)
        .outerjoin(prices, prices.c.id == latest_price)
        .order_by(providers.c.name, models.c.name)
    )
    if provider is not None:
        statement = statement.where(providers.c.name == provider)
    async with database.read() as connection:
        return tuple(_model(row) for row in await connection.execute(statement))


async def list_runs(
    database: Database, chosen: RunFilter, *, limit: int, after: str | None
) -> Page[RunRecord]:
    """Newest first. Raises ValueError where `after` did not come from a page."""
    statement = (
        _runs()
        .where(*_conditions(chosen))
        .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(keyset.before(decode(after, UUID), runs.c.started_at, runs.c.id))
    async with database.read() as connection:
        items = tuple(_run(row) for row in await connection.execute(statement))
    more = len(items) > limit
    last = items[limit - 1] if more else None
    return Page(items=items[:limit], next=encode(last.started_at, last.id) if last else None)


async def read_run(database: Database, run_id: UUID) -> RunRecord | None:
    async with database.read() as connection:
        row = (await connection.execute(_runs().where(runs.c.id == run_id))).one_or_none()
        return None if row is None else _run(row)


def _conditions(chosen: RunFilter) -> list[sa.ColumnElement[bool]]:
    equal = {
        "run_name": chosen.run_name,
        "triggered_by": chosen.triggered_by,
        "suite": chosen.suite,
        "status": chosen.status,
    }
    conditions = [runs.c[name] == value for name, value in equal.items() if value is not None]
    if chosen.since is not None:
        conditions.append(runs.c.started_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(runs.c.started_at < chosen.until)
    return conditions


def _runs() -> sa.Select[Any]:
    mine = results.c.run_id == runs.c.id
    attempts = sa.select(sa.func.count()).where(mine).scalar_subquery()
    successes = sa.select(sa.func.count()).where(mine, results.c.success).scalar_subquery()
    return sa.select(*(runs.c[name] for name in _RUN_FIELDS), attempts, successes)


def _run(row: Sequence[Any]) -> RunRecord:
    return RunRecord(**dict(zip((*_RUN_FIELDS, "attempts", "successes"), row, strict=True)))


def _model(row: Sequence[Any]) -> ModelRecord:
    provider, last_seen_at = row[:2]
    fields = dict(zip(_MODEL_FIELDS, row[2 : 2 + len(_MODEL_FIELDS)], strict=True))
    for name in ("input_modalities", "output_modalities"):
        fields[name] = modalities(fields[name])
    priced = row[2 + len(_MODEL_FIELDS) :]
    return ModelRecord(
        **fields,
        provider=provider,
        last_seen_at=last_seen_at,
        price=None if priced[0] is None else price_from_row(priced),
    )
