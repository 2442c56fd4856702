"""The price history: a row when a price is first seen, and when it changes."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import sqlalchemy as sa

from probe.sample import Target
from probe.store.columns import round_money
from probe.store.engine import Database
from probe.store.records import PriceRecord
from probe.store.registry import Registry
from probe.store.schema import models, prices, providers

_Amounts = tuple[Decimal, Decimal, Decimal | None]


class PriceBookkeeper:
    """Remembers the last price written of each model, so that a price seen again costs nothing."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._last: dict[UUID, _Amounts] = {}

    async def record(self, target: Target, price: PriceRecord) -> bool:
        """True where the price was new. Raises as `Database.write`."""
        ids = self._registry.known(target) or await self._registry.register(target)
        amounts = _amounts(price)
        if self._last.get(ids.model) == amounts:
            return False
        async with self._database.write() as connection:
            # The row of the model is locked: two daemons that see a new price at once write one row.
            await connection.execute(sa.select(models.c.id).where(models.c.id == ids.model).with_for_update())
            latest = (
                await connection.execute(
                    sa.select(
                        prices.c.input_price_per_m,
                        prices.c.output_price_per_m,
                        prices.c.cached_input_price_per_m,
                    )
                    .where(prices.c.model_id == ids.model)
                    .order_by(prices.c.timestamp.desc())
                    .limit(1)
                )
            ).one_or_none()
            new = latest is None or tuple(latest) != amounts
            if new:
                await connection.execute(
                    prices.insert().values(
                        id=uuid4(),
                        provider_id=ids.provider,
                        model_id=ids.model,
                        input_price_per_m=price.input_usd,
                        output_price_per_m=price.output_usd,
                        cached_input_price_per_m=price.cached_input_usd,
                        source=price.source,
                        timestamp=price.at,
                    )
                )
        self._last[ids.model] = amounts
        return new

    async def history(self, provider: str, model: str) -> tuple[PriceRecord, ...]:
        """Every price of a model, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                sa.select(
                    prices.c.input_price_per_m,
                    prices.c.output_price_per_m,
                    prices.c.cached_input_price_per_m,
                    prices.c.source,
                    prices.c.timestamp,
                )
                .join(models, models.c.id == prices.c.model_id)
                .join(providers, providers.c.id == prices.c.provider_id)
                .where(providers.c.name == provider, models.c.name == model)
                .order_by(prices.c.timestamp)
            )
            return tuple(
                PriceRecord(input_usd=given, output_usd=made, cached_input_usd=cached, source=source, at=at)
                for given, made, cached, source, at in rows
            )


def _amounts(price: PriceRecord) -> _Amounts:
    cached = price.cached_input_usd
    return (
        round_money(price.input_usd),
        round_money(price.output_usd),
        None if cached is None else round_money(cached),
    )
