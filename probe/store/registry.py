"""The rows of `providers` and `models`: written when first seen, their ids remembered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.facts.sample import Target
from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.rows import clean
from probe.store.schema import models, providers


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    provider: UUID
    model: UUID


class Registry:
    """Ids by target. A provider whose base URL changed is written again."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[tuple[str, str, str], Ids] = {}

    def known(self, target: Target) -> Ids | None:
        return self._known.get(_key(target))

    def forget(self) -> None:
        """Somebody else deleted rows: look them up again."""
        self._known.clear()

    async def ensure(self, targets: Iterable[Target]) -> None:
        """Afterwards `known` answers for every one of them. Raises as `Database.write`."""
        missing = {_key(target): target for target in targets if _key(target) not in self._known}
        if not missing:
            return
        async with self._database.write() as connection:
            found = {key: await self._write(connection, target) for key, target in missing.items()}
        self._known.update(found)

    async def register(
        self, target: Target, *, logo_url: str | None = None, context_window: int | None = None
    ) -> Ids:
        """Write what is known of a target's provider and model; None leaves what is stored."""
        async with self._database.write() as connection:
            ids = await self._write(connection, target, logo_url=logo_url, context_window=context_window)
        self._known[_key(target)] = ids
        return ids

    async def _write(
        self,
        connection: AsyncConnection,
        target: Target,
        *,
        logo_url: str | None = None,
        context_window: int | None = None,
    ) -> Ids:
        now = self._clock.now()
        provider_id = await ensure_provider(
            connection, target.provider, target.base_url, now, logo_url=logo_url
        )
        row = upsert(connection)(models).values(
            id=uuid4(),
            name=clean(target.model),
            provider_id=provider_id,
            context_window=context_window,
            created_at=now,
        )
        model_id = await connection.scalar(
            row.on_conflict_do_update(
                index_elements=[models.c.name, models.c.provider_id],
                set_={
                    "context_window": sa.func.coalesce(row.excluded.context_window, models.c.context_window)
                },
            ).returning(models.c.id)
        )
        return Ids(provider=provider_id, model=model_id)


async def ensure_provider(
    connection: AsyncConnection, name: str, base_url: str, now: datetime, *, logo_url: str | None = None
) -> UUID:
    """The id of a provider's row, which is written where it is not there or the URL is another."""
    row = upsert(connection)(providers).values(
        id=uuid4(), name=clean(name), base_url=clean(base_url), logo_url=logo_url, created_at=now
    )
    provider_id: UUID = await connection.scalar(
        row.on_conflict_do_update(
            index_elements=[providers.c.name],
            set_={
                "base_url": row.excluded.base_url,
                "logo_url": sa.func.coalesce(row.excluded.logo_url, providers.c.logo_url),
            },
        ).returning(providers.c.id)
    )
    return provider_id


async def ensure_models(
    connection: AsyncConnection, provider_id: UUID, names: Iterable[str], now: datetime
) -> dict[str, UUID]:
    """The ids of all models of a provider; rows of these names are written where they are not there."""
    known = sa.select(models.c.name, models.c.id).where(models.c.provider_id == provider_id)
    found = {row.name: row.id for row in await connection.execute(known)}
    missing = sorted(set(names) - set(found))
    if missing:
        # Another program may be writing the same ones.
        await connection.execute(
            upsert(connection)(models).on_conflict_do_nothing(),
            [
                {"id": uuid4(), "name": name, "provider_id": provider_id, "created_at": now}
                for name in missing
            ],
        )
        found = {row.name: row.id for row in await connection.execute(known)}
    return found


def upsert(connection: AsyncConnection) -> Any:
    """The INSERT of this dialect, which knows ON CONFLICT."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _key(target: Target) -> tuple[str, str, str]:
    return target.provider, target.base_url, target.model
