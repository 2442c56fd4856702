"""Model lists: each asking is a row, and what a whole list says goes into `models`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.catalog.models.listed import ListedModel
from probe.errors import StoreError
from probe.facts.event import Event
from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.events import EventStore, insert_events
from probe.store.leases import Lease
from probe.store.paging import PAGE_ROWS
from probe.store.registry import ensure_provider, upsert
from probe.store.rows import clean, json_value, storable_count
from probe.store.schema import discovery_runs, models

DiscoveryStatus = Literal["running", "complete", "failed", "interrupted"]
DiscoveryEnd = Literal["complete", "failed"]

# A model does not lose what a list leaves out; what is said of its end can be taken back.
_LASTING = (
    "display_name",
    "context_window",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "released_at",
)
_REVOCABLE = ("lifecycle", "deprecated_on", "retires_on", "replaced_by")
_CHUNK_NAMES = 500
_JUST_NOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRecord:
    """One request for the model list of a provider; the figures count models.

    `error` is why it failed, one line; a failed one has listed nothing.
    """

    id: UUID
    provider: str
    triggered_by: str
    started_at: datetime
    finished_at: datetime | None
    status: DiscoveryStatus
    listed: int
    appeared: int
    changed: int
    vanished: int
    error: str | None


class DiscoveryStore:
    def __init__(self, database: Database, events: EventStore, clock: Clock, lease: Lease) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._lease = lease

    async def start(self, provider: str, triggered_by: str) -> UUID:
        """Note that the model list of a provider is being requested; `finish` ends what this begins."""
        discovery_id = uuid4()
        async with self._database.write() as connection:
            await self._lease.renew(connection)
            await connection.execute(
                discovery_runs.insert().values(
                    id=discovery_id,
                    provider=clean(provider),
                    triggered_by=triggered_by,
                    started_at=self._clock.now(),
                    status="running",
                    listed=0,
                    appeared=0,
                    changed=0,
                    vanished=0,
                    owner=self._lease.owner,
                )
            )
        return discovery_id

    async def finish(
        self,
        discovery_id: UUID,
        *,
        status: DiscoveryEnd,
        base_url: str,
        error: str | None = None,
        listed: Sequence[ListedModel] = (),
        appeared: Sequence[str] = (),
        changed: Sequence[str] = (),
        vanished: Sequence[str] = (),
        events: Sequence[Event] = (),
    ) -> tuple[Event, ...]:
        """End a discovery, and write what came of it, all or nothing; returns the events that were new.

        What is `listed` is written as seen now. Sizes, modalities, names and dates of release that a list
        leaves out stay as they were; lifecycle, deprecation, retirement and replacement are those of the
        list, also where it says nothing. Names in `vanished` are marked so, unless they are already;
        `appeared`, `changed` and `vanished` are counted. Nothing is marked by not being listed: a caller
        whose list is not whole names nothing in `vanished`.
        """
        now = self._clock.now()
        by_name = {clean(model.id): model for model in listed}
        ended = (
            discovery_runs.update()
            .where(discovery_runs.c.id == discovery_id)
            .values(
                finished_at=now,
                status=status,
                error=None if error is None else clean(error),
                listed=len(by_name),
                appeared=len(appeared),
                changed=len(changed),
                vanished=len(vanished),
            )
            .returning(discovery_runs.c.provider)
        )
        async with self._database.write() as connection:
            provider = await connection.scalar(ended)
            if provider is None:
                raise StoreError(f"{self._database.url.who} has no discovery {discovery_id}")
            if by_name or vanished:
                provider_id = await ensure_provider(connection, provider, base_url, now)
                await _write_models(connection, provider_id, by_name, now)
                await _write_vanished(connection, provider_id, vanished, now)
            new = await insert_events(connection, events)
        self._events.count(new)
        return new

    async def latest(
        self, provider: str | None = None, *, limit: int = PAGE_ROWS
    ) -> tuple[DiscoveryRecord, ...]:
        """Newest first."""
        columns = [column for column in discovery_runs.c if column.name != "owner"]
        statement = (
            sa.select(*columns)
            .order_by(discovery_runs.c.started_at.desc(), discovery_runs.c.id.desc())
            .limit(limit)
        )
        if provider is not None:
            statement = statement.where(discovery_runs.c.provider == provider)
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return tuple(DiscoveryRecord(**row) for row in rows.mappings())


async def _write_models(
    connection: AsyncConnection, provider_id: UUID, listed: dict[str, ListedModel], now: datetime
) -> None:
    if not listed:
        return
    row = upsert(connection)(models)
    lasting = {name: sa.func.coalesce(row.excluded[name], models.c[name]) for name in _LASTING}
    revocable = {name: row.excluded[name] for name in (*_REVOCABLE, "listed_last_at", "vanished_at")}
    first = {"listed_first_at": sa.func.coalesce(models.c.listed_first_at, row.excluded.listed_first_at)}
    statement = row.on_conflict_do_update(
        index_elements=[models.c.name, models.c.provider_id], set_={**lasting, **revocable, **first}
    )
    # In the order of the names: two programs with the same list wait for each other, never both.
    await connection.execute(
        statement, [_row(provider_id, name, listed[name], now) for name in sorted(listed)]
    )


def _row(provider_id: UUID, name: str, model: ListedModel, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "name": name,
        "provider_id": provider_id,
        "created_at": now,
        "display_name": _text(model.display_name),
        "context_window": storable_count(model.context_window),
        "max_output_tokens": storable_count(model.max_output_tokens),
        "input_modalities": json_value(model.input_modalities),
        "output_modalities": json_value(model.output_modalities),
        "released_at": _released_at(model.created_at, now),
        "lifecycle": model.lifecycle,
        "deprecated_on": model.deprecated_on,
        "retires_on": model.retires_on,
        "replaced_by": _text(model.replaced_by),
        "listed_first_at": now,
        "listed_last_at": now,
        "vanished_at": None,
    }


async def _write_vanished(
    connection: AsyncConnection, provider_id: UUID, vanished: Sequence[str], now: datetime
) -> None:
    names = sorted(map(clean, vanished))
    for start in range(0, len(names), _CHUNK_NAMES):
        await connection.execute(
            models.update()
            .where(
                models.c.provider_id == provider_id,
                models.c.name.in_(names[start : start + _CHUNK_NAMES]),
                models.c.vanished_at.is_(None),
            )
            .values(vanished_at=now)
        )


def _released_at(said: datetime | None, now: datetime) -> datetime | None:
    """None of what was said as of now: servers put the instant of asking there. The next list tells."""
    return None if said is None or now - said < _JUST_NOW else said


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text)
