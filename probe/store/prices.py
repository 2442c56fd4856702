"""The price history: a row when a price is first seen, and when it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.catalog.prices.price import DatedPrice, Price, PriceEntry, tiers_from_json, tiers_to_json
from probe.facts.rates import TOKEN_KINDS, Rates
from probe.facts.sample import Target
from probe.lib.clock import Clock
from probe.store.columns import price_column, round_money
from probe.store.delivery import assign_sequences, last_sequence
from probe.store.engine import Database
from probe.store.paging import PAGE_ROWS
from probe.store.registry import Ids, Registry, ensure_models, ensure_provider
from probe.store.rows import clean
from probe.store.schema import models, prices, providers

# Rates by kind, then the amount of a request, then what is no amount.
_RATE_COLUMNS = {price_column(kind): kind.key for kind in TOKEN_KINDS}
_FACTS = ("timestamp", "request_usd", "tiers", "source", "effective_on", "fetched_at")
PRICE_COLUMNS: tuple[sa.Column[Any], ...] = tuple(prices.c[name] for name in (*_RATE_COLUMNS, *_FACTS))

_CHUNK_IDS = 500

Priced = tuple[str, str, DatedPrice]
# What two prices are compared by: neither who said it nor when.
_Amounts = tuple[Any, ...]


class StoredPrice(NamedTuple):
    """An entry of the price history and its place in the order of storing."""

    sequence: int
    entry: PriceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A price that was new: `before` is the one in force until then, None if there was none."""

    provider: str
    model: str
    before: DatedPrice | None
    after: DatedPrice


class PriceStore:
    """Remembers the last price written of each model, so that a price seen again costs nothing."""

    def __init__(self, database: Database, registry: Registry, clock: Clock) -> None:
        self._database = database
        self._registry = registry
        self._clock = clock
        self._last: dict[UUID, _Amounts] = {}

    async def record(self, target: Target, price: DatedPrice) -> bool:
        """Add to the price history unless the amounts are those of the last entry; True if added."""
        ids = self._registry.known(target) or await self._registry.register(target)
        amounts = _amounts(price)
        if self._last.get(ids.model) == amounts:
            return False
        async with self._database.write() as connection:
            latest = await _lock_and_read(connection, [ids.model])
            new = ids.model not in latest or _amounts(latest[ids.model]) != amounts
            if new:
                await _insert(connection, [_row(ids, price)])
        self._last[ids.model] = amounts
        return new

    async def record_all(
        self, priced: Sequence[Priced], base_urls: Mapping[str, str]
    ) -> tuple[PriceChange, ...]:
        """The same for many (provider, model, price), all or nothing; returns those that were added.

        `base_urls` are by provider; every one that is priced is there, else KeyError.
        """
        by_provider: dict[str, dict[str, DatedPrice]] = {}
        for provider, model, price in priced:
            by_provider.setdefault(provider, {})[clean(model)] = price
        changes: list[PriceChange] = []
        rows: list[dict[str, Any]] = []
        written: dict[UUID, _Amounts] = {}
        async with self._database.write() as connection:
            for provider in sorted(by_provider):
                changes += await self._record_provider(
                    connection, provider, base_urls[provider], by_provider[provider], written, rows
                )
            # After the models of every provider are locked: see `assign_sequences`.
            await _insert(connection, rows)
        self._last |= written
        return tuple(changes)

    async def _record_provider(
        self,
        connection: AsyncConnection,
        provider: str,
        base_url: str,
        priced: Mapping[str, DatedPrice],
        written: dict[UUID, _Amounts],
        rows: list[dict[str, Any]],
    ) -> list[PriceChange]:
        """What is new; `written` and `rows` are added to."""
        now = self._clock.now()
        provider_id = await ensure_provider(connection, provider, base_url, now)
        ids = await ensure_models(connection, provider_id, priced, now)
        latest = await _lock_and_read(connection, list(ids.values()))
        changes = []
        for name in sorted(priced):
            model_id, price = ids[name], priced[name]
            before = latest.get(model_id)
            amounts = written[model_id] = _amounts(price)
            if before is None or _amounts(before) != amounts:
                rows.append(_row(Ids(provider=provider_id, model=model_id), price))
                changes.append(
                    PriceChange(provider=provider, model=name, before=before, after=_rounded(price))
                )
        return changes

    async def history(self, provider: str, model: str) -> tuple[DatedPrice, ...]:
        """Every price of a model, oldest first."""
        statement = _of_model(provider, model).order_by(prices.c.timestamp)
        async with self._database.read() as connection:
            return tuple(price_from_row(row) for row in await connection.execute(statement))

    async def at(self, provider: str, model: str, at: datetime) -> DatedPrice | None:
        """The price in force at an instant; None before the first one."""
        statement = (
            _of_model(provider, model)
            .where(prices.c.timestamp <= at)
            .order_by(prices.c.timestamp.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
            return None if row is None else price_from_row(row)

    async def after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredPrice, ...]:
        """In the order of storing, as results are followed."""
        statement = (
            sa.select(prices.c.sequence, prices.c.id, providers.c.name, models.c.name, *PRICE_COLUMNS)
            .join(models, models.c.id == prices.c.model_id)
            .join(providers, providers.c.id == prices.c.provider_id)
            .where(prices.c.sequence > sequence)
            .order_by(prices.c.sequence)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(StoredPrice(row[0], _entry(row[1:])) for row in rows)

    async def last_sequence(self) -> int:
        """The last number given out; 0 if none was."""
        return await last_sequence(self._database, "prices")


def price_from_row(row: Sequence[Any]) -> DatedPrice:
    """The price in a row of `PRICE_COLUMNS`."""
    rates = Rates(**dict(zip(_RATE_COLUMNS.values(), row, strict=False)))
    at, request_usd, tiers, source, effective_on, fetched_at = row[len(_RATE_COLUMNS) :]
    price = Price(
        rates=rates,
        tiers=tiers_from_json(tiers),
        request_usd=request_usd,
        source=source,
        effective_on=effective_on,
        fetched_at=fetched_at,
    )
    return DatedPrice(at, price)


def _entry(row: Sequence[Any]) -> PriceEntry:
    """The entry in a row of id, provider, model and `PRICE_COLUMNS`."""
    entry, provider, model, *rest = row
    at, price = price_from_row(rest)
    return PriceEntry(id=entry, provider=provider, model=model, price=price, at=at)


async def _insert(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await assign_sequences(connection, "prices", rows)
        await connection.execute(prices.insert(), rows)


async def _lock_and_read(connection: AsyncConnection, model_ids: Sequence[UUID]) -> dict[UUID, DatedPrice]:
    """The latest prices by model, and the models locked: two programs that see a new price at once write
    one row of it."""
    found: dict[UUID, DatedPrice] = {}
    for start in range(0, len(model_ids), _CHUNK_IDS):
        some = sorted(model_ids)[start : start + _CHUNK_IDS]
        await connection.execute(
            sa.select(models.c.id).where(models.c.id.in_(some)).order_by(models.c.id).with_for_update()
        )
        candidate = prices.alias()
        latest = (
            sa.select(candidate.c.id)
            .where(candidate.c.model_id == models.c.id)
            .order_by(candidate.c.timestamp.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = await connection.execute(
            sa.select(models.c.id, *PRICE_COLUMNS)
            .select_from(models)
            .join(prices, prices.c.id == latest)
            .where(models.c.id.in_(some))
        )
        found |= {model_id: price_from_row(row) for model_id, *row in rows}
    return found


def _of_model(provider: str, model: str) -> sa.Select[Any]:
    return (
        sa.select(*PRICE_COLUMNS)
        .join(models, models.c.id == prices.c.model_id)
        .join(providers, providers.c.id == prices.c.provider_id)
        .where(providers.c.name == provider, models.c.name == model)
    )


def _row(ids: Ids, dated: DatedPrice) -> dict[str, Any]:
    price = dated.price
    return {
        "id": uuid4(),
        "provider_id": ids.provider,
        "model_id": ids.model,
        **{column: getattr(price.rates, key) for column, key in _RATE_COLUMNS.items()},
        "timestamp": dated.at,
        "request_usd": price.request_usd,
        "tiers": tiers_to_json(price.tiers) if price.tiers else None,
        "source": clean(price.source),
        "effective_on": price.effective_on,
        "fetched_at": price.fetched_at,
    }


def _rounded(dated: DatedPrice) -> DatedPrice:
    """As it is stored."""
    price = dated.price
    amounts: dict[str, Any] = {key: _money(getattr(price.rates, key)) for key in _RATE_COLUMNS.values()}
    rounded = replace(price, rates=Rates(**amounts), request_usd=round_money(price.request_usd))
    return DatedPrice(dated.at, rounded)


def _amounts(dated: DatedPrice) -> _Amounts:
    price = dated.price
    return (
        *(_money(getattr(price.rates, key)) for key in _RATE_COLUMNS.values()),
        round_money(price.request_usd),
        tuple(map(str, tiers_to_json(price.tiers))),
    )


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round_money(amount)
