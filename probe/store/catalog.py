"""Providers and models: as they are probed, and as their lists have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from probe.catalog.models.listed import KnownModel, Lifecycle, ListedModel
from probe.catalog.prices.price import DatedPrice
from probe.store.engine import Database
from probe.store.prices import PRICE_COLUMNS, price_from_row
from probe.store.schema import benchmark_results as results
from probe.store.schema import models, prices, providers

# Columns that fields of the same name hold.
_MODEL_FIELDS = tuple(column.name for column in models.c if column.name != "provider_id")
_LISTED_FIELDS = (
    "display_name",
    "context_window",
    "max_output_tokens",
    "lifecycle",
    "deprecated_on",
    "retires_on",
    "replaced_by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRecord:
    id: UUID
    name: str
    base_url: str
    logo_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """`price` is the latest one, `last_seen_at` the end of the last attempt.

    What the provider's model list says is None if it does not, and for a model that was never listed.
    `listed_first_at` and `listed_last_at` are the listings that had it, `vanished_at` the first that lacked
    it since.
    """

    id: UUID
    name: str
    provider: str
    context_window: int | None
    created_at: datetime
    price: DatedPrice | None
    last_seen_at: datetime | None
    display_name: str | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    released_at: datetime | None = None
    lifecycle: Lifecycle | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    listed_first_at: datetime | None = None
    listed_last_at: datetime | None = None
    vanished_at: datetime | None = None


class CatalogStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def providers(self) -> tuple[ProviderRecord, ...]:
        """By name."""
        statement = sa.select(
            providers.c.id,
            providers.c.name,
            providers.c.base_url,
            providers.c.logo_url,
            providers.c.created_at,
        ).order_by(providers.c.name)
        async with self._database.read() as connection:
            return tuple(
                ProviderRecord(id=id_, name=name, base_url=base_url, logo_url=logo_url, created_at=created_at)
                for id_, name, base_url, logo_url, created_at in await connection.execute(statement)
            )

    async def models(self, provider: str | None = None) -> tuple[ModelRecord, ...]:
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
            sa.select(
                providers.c.name, last_seen, *(models.c[name] for name in _MODEL_FIELDS), *PRICE_COLUMNS
            )
            .join(providers, providers.c.id == models.c.provider_id)
            .outerjoin(prices, prices.c.id == latest_price)
            .order_by(providers.c.name, models.c.name)
        )
        if provider is not None:
            statement = statement.where(providers.c.name == provider)
        async with self._database.read() as connection:
            return tuple(_model(row) for row in await connection.execute(statement))

    async def known_models(self, provider: str) -> tuple[KnownModel, ...]:
        """What a provider ever listed, by name."""
        last_probed = (
            sa.select(sa.func.max(results.c.created_at))
            .where(results.c.model_id == models.c.id)
            .scalar_subquery()
            .label("last_probed_at")
        )
        statement = (
            sa.select(models, last_probed)
            .join(providers, providers.c.id == models.c.provider_id)
            .where(providers.c.name == provider, models.c.listed_first_at.is_not(None))
            .order_by(models.c.name)
        )
        async with self._database.read() as connection:
            return tuple(_known(row) for row in (await connection.execute(statement)).mappings())


def _model(row: Sequence[Any]) -> ModelRecord:
    provider, last_seen_at = row[:2]
    fields = dict(zip(_MODEL_FIELDS, row[2 : 2 + len(_MODEL_FIELDS)], strict=True))
    for name in ("input_modalities", "output_modalities"):
        fields[name] = _modalities(fields[name])
    priced = row[2 + len(_MODEL_FIELDS) :]
    return ModelRecord(
        **fields,
        provider=provider,
        last_seen_at=last_seen_at,
        price=None if priced[0] is None else price_from_row(priced),
    )


def _known(row: Any) -> KnownModel:
    return KnownModel(
        listed=ListedModel(
            id=row["name"],
            created_at=row["released_at"],
            **{name: row[name] for name in _LISTED_FIELDS},
            input_modalities=_modalities(row["input_modalities"]),
            output_modalities=_modalities(row["output_modalities"]),
        ),
        first_seen_at=row["listed_first_at"],
        last_seen_at=row["listed_last_at"],
        vanished_at=row["vanished_at"],
        last_probed_at=row["last_probed_at"],
    )


def _modalities(stored: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)
