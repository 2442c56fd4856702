"""What tests of discovery ask of it and of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from probe.catalog.models.listed import KnownModel
from probe.discovery.listed_provider import ListedProvider
from probe.discovery.report import SyncReport
from probe.discovery.sync import Discovery
from probe.lib.clock import Clock
from probe.store.store import Store


@asynccontextmanager
async def closing_providers(*subjects: ListedProvider) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for each in subjects:
            stack.push_async_callback(each.client.aclose)
        yield


async def sync(store: Store, clock: Clock, *subjects: ListedProvider, **options: Any) -> Sequence[SyncReport]:
    """Ask them all once."""
    async with closing_providers(*subjects):
        return await Discovery(store, clock, **options).sync(subjects, "cli")


async def sync_one(store: Store, clock: Clock, asked: ListedProvider, **options: Any) -> SyncReport:
    (report,) = await sync(store, clock, asked, **options)
    return report


async def known(store: Store, provider: str = "acme") -> dict[str, KnownModel]:
    """By name, those that are gone included."""
    return {each.listed.id: each for each in await store.catalog.known_models(provider)}


async def told(store: Store) -> set[tuple[str, str | None]]:
    """Kind and model of every event."""
    return {(event.kind, event.model) for event in (await store.events.page(limit=500)).items}
